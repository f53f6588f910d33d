# Libraries of data sets: each is linked to a module of its own, loaded when a set wants it (base/module.h). FOVEA_HAVE_X is
# 1 or 0.
add_library(fovea_data_sets INTERFACE)

# fovea_data_component(NAME FOUND SOURCE PACKAGE)
macro(fovea_data_component name found source package)
  option(FOVEA_${name} "use the library of ${name} if it is installed" ON)
  set(FOVEA_HAVE_${name} 0)
  if(${found} AND FOVEA_${name})
    set(FOVEA_HAVE_${name} 1)
  else()
    message(STATUS "fovea goes without ${name} (Debian: ${package})")
  endif()
  target_compile_definitions(fovea_data_sets INTERFACE FOVEA_HAVE_${name}=${FOVEA_HAVE_${name}})
  list(APPEND FOVEA_LEFT_OUT ${PROJECT_SOURCE_DIR}/src/data/${source})
endmacro()

find_package(pugixml QUIET)  # Pascal VOC
fovea_data_component(PUGIXML pugixml_FOUND annotations/voc_xml.cpp libpugixml-dev)
find_package(yaml-cpp QUIET)  # YOLO's data.yaml
fovea_data_component(YAML yaml-cpp_FOUND annotations/yolo_yaml.cpp libyaml-cpp-dev)
find_package(CURL QUIET)  # fovea data get
fovea_data_component(CURL CURL_FOUND fetch_curl.cpp libcurl4-openssl-dev)
