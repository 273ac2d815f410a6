# The report's page as a C++ string: ${REPORT_TEMPLATE}, empty where it is left out. npm works in the build directory
# and takes what package-lock.json names.
option(WEFT_REPORT "reports as HTML: needs node and npm at build time" ON)
set(here ${CMAKE_CURRENT_LIST_DIR})
set(work ${CMAKE_BINARY_DIR}/report)
find_program(NODE NAMES node nodejs)
find_program(NPM npm)

if(WEFT_REPORT AND NODE AND NPM)
  set(REPORT_TEMPLATE ${work}/report_template.cpp)
  file(GLOB_RECURSE PAGE_SOURCES CONFIGURE_DEPENDS RELATIVE ${here} ${here}/src/*.js)
  list(APPEND PAGE_SOURCES build.mjs page.html style.css package.json package-lock.json)
  list(TRANSFORM PAGE_SOURCES PREPEND ${here}/ OUTPUT_VARIABLE depends)
  file(MAKE_DIRECTORY ${work})
  add_custom_command(OUTPUT ${work}/packages DEPENDS ${here}/package.json ${here}/package-lock.json
                     COMMAND ${CMAKE_COMMAND} -E copy ${here}/package.json ${here}/package-lock.json ${work}
                     COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
                     COMMAND ${CMAKE_COMMAND} -E touch packages
                     WORKING_DIRECTORY ${work} COMMENT "ECharts and esbuild (without: -DWEFT_REPORT=OFF)" VERBATIM)
  add_custom_command(OUTPUT ${REPORT_TEMPLATE} DEPENDS ${depends} ${work}/packages
                     COMMAND ${CMAKE_COMMAND} -E rm -rf src
                     COMMAND ${CMAKE_COMMAND} -E copy_directory ${here}/src src
                     COMMAND ${CMAKE_COMMAND} -E copy ${here}/build.mjs ${here}/page.html ${here}/style.css .
                     COMMAND ${NODE} build.mjs report_template.cpp
                     WORKING_DIRECTORY ${work} COMMENT "The report's page" VERBATIM)
else()
  message(STATUS "Reports are left out: ${WEFT_REPORT} for WEFT_REPORT, node: ${NODE}, npm: ${NPM}")
  set(REPORT_TEMPLATE ${work}/no_report_template.cpp)
  file(CONFIGURE OUTPUT ${REPORT_TEMPLATE} CONTENT [[
#include "analysis/report.hpp"
const std::string_view weft::analysis::report_template;
]] @ONLY)
endif()
