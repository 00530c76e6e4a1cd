# The conversation, with a fake understanding: these tests are about the dialog alone.
sah_test(test_dialog unit/adapter/test_dialog.c sah_dialog)
sah_test(test_dialog_cancel unit/adapter/test_dialog_cancel.c sah_dialog)
sah_test(test_dialog_moments unit/adapter/test_dialog_moments.c sah_dialog)
sah_test(test_dialog_event unit/adapter/test_dialog_event.c sah_dialog)
sah_test(test_dialog_texts unit/adapter/test_dialog_texts.c sah_dialog)
sah_test(test_dialog_json unit/adapter/test_dialog_json.c sah_dialog)
# The same with the real lexicon.
sah_test(test_dialog_words unit/adapter/test_dialog_words.c sah_dialog)
sah_fuzzer(fuzz_dialog fuzz/fuzz_dialog.c dialog sah_dialog)
target_compile_definitions(fuzz_dialog PRIVATE SAHAYA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
