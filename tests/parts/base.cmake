# base and conf: values, errors, log lines, clock, ids; settings and YAML trees.
set(base_tests ${CMAKE_CURRENT_SOURCE_DIR}/unit/base)

sah_test(test_obj ${base_tests}/test_obj.c sah_base)
sah_test(test_str ${base_tests}/test_str.c sah_base)
sah_test(test_utf8 ${base_tests}/test_utf8.c sah_base)
sah_test(test_number ${base_tests}/test_number.c sah_base)
sah_test(test_file ${base_tests}/test_file.c sah_base)
sah_test(test_log ${base_tests}/test_log.c sah_base)
sah_test(test_clock ${base_tests}/test_clock.c sah_base)
sah_test(test_id ${base_tests}/test_id.c sah_base)
# The hash alone against its published vectors; it is no public header.
target_include_directories(test_id PRIVATE ${PROJECT_SOURCE_DIR}/router/base)

sah_test(test_fault ${base_tests}/test_fault.c sah_conf)
sah_test(test_yaml ${base_tests}/test_yaml.c sah_conf)
sah_test(test_yaml_read ${base_tests}/test_yaml_read.c sah_conf)
sah_test(test_conf ${base_tests}/test_conf.c sah_conf)
sah_test(test_conf_main ${base_tests}/test_conf_main.c sah_conf)

sah_fuzzer(fuzz_yaml ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/fuzz_yaml.c yaml sah_conf)
# The replay driver must not pass when it has nothing to run.
if(NOT SAHAYA_FUZZ)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/empty-corpus)
  add_test(NAME replay_refuses_an_empty_corpus
    COMMAND fuzz_yaml ${CMAKE_BINARY_DIR}/empty-corpus)
  set_tests_properties(replay_refuses_an_empty_corpus PROPERTIES WILL_FAIL TRUE TIMEOUT 30)
endif()
