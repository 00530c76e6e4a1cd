# ops: what a person may do over HTTP. Its own definitions of the core's functions stand in for the core's.
sah_test(test_ops_admin ${CMAKE_CURRENT_SOURCE_DIR}/unit/ops/test_admin.c sah_ops sah_io)
target_include_directories(test_ops_admin PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/router)
