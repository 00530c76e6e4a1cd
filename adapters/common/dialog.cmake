# The conversation: pure, its texts and services are data under phrases/replies/.
add_library(sah_dialog STATIC
  ${CMAKE_CURRENT_LIST_DIR}/dialog.c ${CMAKE_CURRENT_LIST_DIR}/dialog_ask.c
  ${CMAKE_CURRENT_LIST_DIR}/dialog_cancel.c ${CMAKE_CURRENT_LIST_DIR}/dialog_choice.c ${CMAKE_CURRENT_LIST_DIR}/dialog_event.c
  ${CMAKE_CURRENT_LIST_DIR}/dialog_json.c ${CMAKE_CURRENT_LIST_DIR}/dialog_lpg.c
  ${CMAKE_CURRENT_LIST_DIR}/dialog_mask.c ${CMAKE_CURRENT_LIST_DIR}/dialog_open.c
  ${CMAKE_CURRENT_LIST_DIR}/dialog_say.c ${CMAKE_CURRENT_LIST_DIR}/dialog_services.c
  ${CMAKE_CURRENT_LIST_DIR}/dialog_submit.c ${CMAKE_CURRENT_LIST_DIR}/dialog_take.c
  ${CMAKE_CURRENT_LIST_DIR}/dialog_text.c ${CMAKE_CURRENT_LIST_DIR}/dialog_texts.c
  ${CMAKE_CURRENT_LIST_DIR}/../services/service.c
  ${CMAKE_CURRENT_LIST_DIR}/../services/ambulance.c
  ${CMAKE_CURRENT_LIST_DIR}/../services/transport.c
  ${CMAKE_CURRENT_LIST_DIR}/../services/fire.c
  ${CMAKE_CURRENT_LIST_DIR}/../services/lpg.c
  ${CMAKE_CURRENT_LIST_DIR}/../services/helpline.c)
target_include_directories(sah_dialog PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(sah_dialog PUBLIC sah_understand sah_conf sah_base
  PRIVATE sah_flags PkgConfig::JANSSON)
