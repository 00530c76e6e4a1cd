# sah_adapter: the skeleton of an adapter. adapter.lua and adapter_pump.lua, one after the other,
# travel inside the library, as bytes in a C file of the build folder, so that a program and its
# functions are always of one version.
set(lua ${CMAKE_CURRENT_LIST_DIR}/adapter.lua ${CMAKE_CURRENT_LIST_DIR}/adapter_pump.lua)
set(lua_c ${CMAKE_CURRENT_BINARY_DIR}/adapter_lua.c)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${lua})
set(hex "")
foreach(part ${lua})
  file(READ ${part} part_hex HEX)
  string(APPEND hex ${part_hex})
endforeach()
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(CONFIGURE OUTPUT ${lua_c} CONTENT
"#include <stddef.h>
extern const unsigned char sah_ad_functions[];
extern const size_t sah_ad_functions_len;
const unsigned char sah_ad_functions[] = {@bytes@};
const size_t sah_ad_functions_len = sizeof sah_ad_functions;
" @ONLY)

set(sources)
foreach(name
    adapter adapter_job adapter_submit adapter_flight adapter_settle adapter_tell
    adapter_recover adapter_handed adapter_journal adapter_kept adapter_direct adapter_news adapter_say adapter_metrics
    citizen router_link outbox store store_outbox)
  list(APPEND sources ${CMAKE_CURRENT_LIST_DIR}/${name}.c)
endforeach()
add_library(sah_adapter STATIC ${sources} ${lua_c})
target_include_directories(sah_adapter PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(sah_adapter
  PUBLIC sah_include sah_dialog sah_understand sah_proto sah_io sah_base
  PRIVATE sah_flags PkgConfig::JANSSON)
