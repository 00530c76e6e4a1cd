# understand: folding, keys, sounds, features, the lexicon's faults, negation, entities, and the corpus of messages.
sah_test(test_fold unit/understand/test_fold.c sah_understand)
sah_test(test_key unit/understand/test_key.c sah_understand)
sah_test(test_roman unit/understand/test_roman.c sah_understand)
sah_test(test_feature unit/understand/test_feature.c sah_understand)
sah_test(test_lexicon unit/understand/test_lexicon.c sah_understand)
sah_test(test_understand unit/understand/test_understand.c sah_understand)
sah_test(test_messages unit/understand/test_messages.c sah_understand)
sah_fuzzer(fuzz_understand fuzz/fuzz_understand.c understand sah_understand)
target_compile_definitions(fuzz_understand PRIVATE SAHAYA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")

# The tuning corpus through the whole of `sahayactl triage`; a little under the goals is a failure.
find_package(Python3 COMPONENTS Interpreter)
if(TARGET sahayactl AND Python3_FOUND)
  file(GLOB tuning CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/data/messages/tuning/*.tsv)
  add_test(NAME score_tuning
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/data/messages/score.py
      --ctl $<TARGET_FILE:sahayactl> --lexicon ${PROJECT_SOURCE_DIR}/adapters/common/phrases
      --policy ${PROJECT_SOURCE_DIR}/deploy/etc/policy.yaml ${tuning})
endif()

# What a message costs; the bounds are wide, for sanitizers and busy machines. By hand: 20 and 1000.
add_executable(bench_understand ${CMAKE_CURRENT_SOURCE_DIR}/bench/bench_understand.c)
target_link_libraries(bench_understand PRIVATE sah_flags sah_understand)
set_target_properties(bench_understand PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
add_test(NAME cost_understand
  COMMAND bench_understand ${PROJECT_SOURCE_DIR}/adapters/common/phrases 2000 100000
    ${CMAKE_CURRENT_SOURCE_DIR}/data/messages/first-variants.tsv)
