# lint: who may include what, and facts about the tree.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME lint_layers COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/lint/layers.py
  ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR})
add_test(NAME lint_tree COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/lint/tree.py ${PROJECT_SOURCE_DIR})
add_test(NAME lint_tidy COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/lint/tidy.py
  ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR})
set_tests_properties(lint_tidy PROPERTIES TIMEOUT ${SAH_TEST_LIMIT_S} COST 60 PROCESSORS 2 SKIP_RETURN_CODE 77 LABELS lint)
