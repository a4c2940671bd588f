# Address and undefined-behaviour sanitizers. Lightly optimised, so that the tests stay quick.
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -gline-tables-only" CACHE STRING "" FORCE)
set(WEIR_SANITIZE "address,undefined" CACHE STRING "" FORCE)
set(WEIR_FUZZ OFF CACHE BOOL "" FORCE)
set(WEIR_TESTS ON CACHE BOOL "" FORCE)
set(WEIR_BENCH OFF CACHE BOOL "" FORCE)
