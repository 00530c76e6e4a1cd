# proto: the schema and its codecs.
set(proto_tests ${CMAKE_CURRENT_SOURCE_DIR}/unit/proto)

add_library(proto_samples STATIC ${proto_tests}/samples.c ${proto_tests}/wire.c)
target_include_directories(proto_samples PUBLIC ${proto_tests})
target_link_libraries(proto_samples PUBLIC sah_proto PRIVATE sah_flags)

sah_test(test_message_round_trip ${proto_tests}/test_round_trip.c proto_samples)
sah_test(test_message_check ${proto_tests}/test_check.c proto_samples)
sah_test(test_message_bytes ${proto_tests}/test_bytes.c proto_samples)
# Walks the private tables, so that each field's bound is tried.
sah_test(test_message_shape ${proto_tests}/test_shape.c proto_samples PkgConfig::PROTOBUFC)
target_include_directories(test_message_shape PRIVATE ${PROJECT_SOURCE_DIR}/proto)

# By hand, when a sample changes: write_message_seeds tests/fuzz/corpus/message
add_executable(write_message_seeds EXCLUDE_FROM_ALL ${proto_tests}/write_seeds.c)
target_link_libraries(write_message_seeds PRIVATE sah_flags proto_samples)

sah_fuzzer(fuzz_message ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/fuzz_message.c message sah_proto)
