# standin: each test runs a whole stand-in inside itself and talks to it over HTTP.
foreach(name delivery play graph behave)
  sah_test(test_standin_${name} ${CMAKE_CURRENT_SOURCE_DIR}/unit/standin/test_${name}.c
    standin_world)
endforeach()
add_library(standin_world STATIC ${CMAKE_CURRENT_SOURCE_DIR}/unit/standin/world.c)
target_include_directories(standin_world PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/unit/standin)
target_link_libraries(standin_world PUBLIC sah_standin PRIVATE sah_flags PkgConfig::CMOCKA)
