# One module = one static library: include/plimsoll/<name>/ holds what other modules may include, src/<name>/ the rest.
#
#   plimsoll_module(plan DEPENDS base units config LIBRARIES Some::library)
#
# DEPENDS are the modules it may include; tests/architecture reads the same lists. LIBRARIES are third-party and private:
# they stand behind the module's .cpp files and never reach an includer.
function(plimsoll_module name)
  cmake_parse_arguments(arg "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/include/plimsoll/${name}/*.hpp")
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.cpp" "${PROJECT_SOURCE_DIR}/src/${name}/*/*.cpp")
  add_library(plimsoll_${name} STATIC ${sources})
  target_sources(plimsoll_${name} PUBLIC
    FILE_SET public_headers TYPE HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${headers})
  target_include_directories(plimsoll_${name} PRIVATE "${PROJECT_SOURCE_DIR}/src/${name}")
  list(TRANSFORM arg_DEPENDS PREPEND plimsoll_)
  target_link_libraries(plimsoll_${name} PUBLIC ${arg_DEPENDS} PRIVATE ${arg_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY plimsoll_modules plimsoll_${name})
endfunction()
