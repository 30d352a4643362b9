# What a report carries with it goes into the program: style, script, and Plotly if `npm ci` has fetched it here.
# Only the very Plotly that the tests have seen is taken; without it reports show the static figures and say so.
set(RUMBLE_ASSETS ${CMAKE_BINARY_DIR}/assets)
set(RUMBLE_PLOTLY_SHA256 79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a)

file(GLOB RUMBLE_PLOTLY CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/node_modules/plotly.js-cartesian-dist-min/plotly-cartesian.min.js)
file(WRITE ${RUMBLE_ASSETS}/none "")
if(RUMBLE_PLOTLY)
  file(SHA256 ${RUMBLE_PLOTLY} found)
  if(NOT found STREQUAL RUMBLE_PLOTLY_SHA256)
    message(FATAL_ERROR "${RUMBLE_PLOTLY} is not the file expected (SHA-256 ${found}, needed ${RUMBLE_PLOTLY_SHA256}); "
      "run `npm ci` in pipeline/report")
  endif()
  get_filename_component(plotly_home ${RUMBLE_PLOTLY} DIRECTORY)
  configure_file(${RUMBLE_PLOTLY} ${RUMBLE_ASSETS}/plotly.js COPYONLY)
  configure_file(${plotly_home}/LICENSE ${RUMBLE_ASSETS}/plotly.LICENSE COPYONLY)
else()
  message(STATUS "Plotly not found: reports will show static figures only. `npm ci` in pipeline/report fetches it.")
  configure_file(${RUMBLE_ASSETS}/none ${RUMBLE_ASSETS}/plotly.js COPYONLY)
  configure_file(${RUMBLE_ASSETS}/none ${RUMBLE_ASSETS}/plotly.LICENSE COPYONLY)
endif()
configure_file(${CMAKE_CURRENT_LIST_DIR}/page.css ${RUMBLE_ASSETS}/page.css COPYONLY)
configure_file(${CMAKE_CURRENT_LIST_DIR}/page.js ${RUMBLE_ASSETS}/page.js COPYONLY)

set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/asset.c PROPERTIES
  COMPILE_DEFINITIONS RUMBLE_ASSETS="${RUMBLE_ASSETS}"
  OBJECT_DEPENDS "${RUMBLE_ASSETS}/page.css;${RUMBLE_ASSETS}/page.js;${RUMBLE_ASSETS}/plotly.js;${RUMBLE_ASSETS}/plotly.LICENSE")
