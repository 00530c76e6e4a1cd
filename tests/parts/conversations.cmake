# Conversations of one page each, played over the real dialog, lexicon, texts and policy.
set(runner ${CMAKE_CURRENT_SOURCE_DIR}/conversations/runner)
add_executable(play_conversations
  ${runner}/play.c ${runner}/moves.c ${runner}/page.c ${runner}/talk.c ${runner}/facts.c ${runner}/reads.c)
target_include_directories(play_conversations PRIVATE ${PROJECT_SOURCE_DIR}/router)
target_link_libraries(play_conversations PRIVATE sah_flags sah_dialog sah_roster)
set_target_properties(play_conversations PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_test(NAME conversations COMMAND play_conversations ${PROJECT_SOURCE_DIR}/adapters/common/phrases
  ${PROJECT_SOURCE_DIR}/deploy/etc/policy.yaml ${CMAKE_CURRENT_SOURCE_DIR}/conversations)
set_tests_properties(conversations PROPERTIES TIMEOUT ${SAH_TEST_LIMIT_S})
# The runner must be able to say no.
add_test(NAME conversations_wrong COMMAND play_conversations ${PROJECT_SOURCE_DIR}/adapters/common/phrases
  ${PROJECT_SOURCE_DIR}/deploy/etc/policy.yaml ${runner}/wrong.txt)
set_tests_properties(conversations_wrong PROPERTIES TIMEOUT ${SAH_TEST_LIMIT_S}
  PASS_REGULAR_EXPRESSION "not say: new FIRE_101.*are: my father.*does not read this.*does read this.*no button: Pay.*is there after line.*1 sent, the page says 0.*1 pages, 0 good")
