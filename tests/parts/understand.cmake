# understand: folding, keys, the lexicon's faults, negation, entities, and the corpus of messages.
sah_test(test_fold unit/understand/test_fold.c sah_understand)
sah_test(test_key unit/understand/test_key.c sah_understand)
sah_test(test_lexicon unit/understand/test_lexicon.c sah_understand)
sah_test(test_understand unit/understand/test_understand.c sah_understand)
sah_test(test_messages unit/understand/test_messages.c sah_understand)
sah_fuzzer(fuzz_understand fuzz/fuzz_understand.c understand sah_understand)
target_compile_definitions(fuzz_understand PRIVATE SAHAYA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
