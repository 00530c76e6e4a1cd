# The WhatsApp channel. The skeleton is stood in for by fakes: only its header is used here.
foreach(name signature scan parse normalize render graph webhook sender conf metrics)
  set(libs sah_whatsapp)
  if(name STREQUAL conf)
    list(APPEND libs sah_conf)
  endif()
  sah_test(test_whatsapp_${name} ${CMAKE_CURRENT_SOURCE_DIR}/unit/whatsapp/test_${name}.c ${libs})
endforeach()
target_sources(test_whatsapp_conf PRIVATE ${PROJECT_SOURCE_DIR}/adapters/whatsapp/conf.c)

# The program as a process: its own sources with a fake skeleton and a fake dialog.
sah_test(test_whatsapp_app ${CMAKE_CURRENT_SOURCE_DIR}/unit/whatsapp/test_app.c sah_whatsapp sah_conf)
target_sources(test_whatsapp_app PRIVATE
  ${PROJECT_SOURCE_DIR}/adapters/whatsapp/app.c ${PROJECT_SOURCE_DIR}/adapters/whatsapp/ops.c
  ${PROJECT_SOURCE_DIR}/adapters/whatsapp/conf.c)

foreach(name webhook signature graph)
  sah_fuzzer(fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/fuzz_${name}.c ${name} sah_whatsapp)
endforeach()
