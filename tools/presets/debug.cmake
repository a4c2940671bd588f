# For a debugger: no optimisation, all checks, the same compiler as the release.
set(CMAKE_CXX_COMPILER g++ CACHE STRING "")
set(CMAKE_C_COMPILER gcc CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
set(WEIR_SANITIZE "" CACHE STRING "" FORCE)
set(WEIR_FUZZ OFF CACHE BOOL "" FORCE)
set(WEIR_TESTS ON CACHE BOOL "" FORCE)
set(WEIR_BENCH OFF CACHE BOOL "" FORCE)
