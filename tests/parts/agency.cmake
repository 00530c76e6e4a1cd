# agency: the data files, deliveries as JSON, the way out and the way back over real HTTP.
set(agency_tests ${CMAKE_CURRENT_SOURCE_DIR}/unit/agency)

foreach(name roster policy_file deploy_files)
  sah_test(test_agency_${name} ${agency_tests}/test_${name}.c sah_roster)
endforeach()
# The message samples of proto's tests (proto.cmake).
sah_test(test_agency_payload ${agency_tests}/test_payload.c sah_agency proto_samples PkgConfig::JANSSON)
sah_test(test_agency_http_agency ${agency_tests}/test_http_agency.c sah_agency proto_samples)
# Its own definition of sah_core_status() stands in for the core's.
sah_test(test_agency_callback ${agency_tests}/test_callback.c sah_agency)

sah_fuzzer(fuzz_status ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/fuzz_status.c status sah_agency)
sah_test(test_agency_sameness_file ${agency_tests}/test_sameness_file.c sah_roster)
