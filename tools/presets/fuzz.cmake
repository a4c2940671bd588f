# The fuzz targets with libFuzzer, and all tests beside them, under the address and
# undefined-behaviour sanitizers. Coverage counters are compiled into everything.
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -gline-tables-only" CACHE STRING "" FORCE)
set(WEIR_SANITIZE "address,undefined" CACHE STRING "" FORCE)
set(WEIR_FUZZ ON CACHE BOOL "" FORCE)
set(WEIR_TESTS ON CACHE BOOL "" FORCE)
set(WEIR_BENCH OFF CACHE BOOL "" FORCE)
