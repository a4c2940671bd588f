# The release by the other compiler: what one accepts the other may warn of.
set(CMAKE_CXX_COMPILER clang++ CACHE STRING "")
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
set(WEIR_SANITIZE "" CACHE STRING "" FORCE)
set(WEIR_FUZZ OFF CACHE BOOL "" FORCE)
set(WEIR_TESTS ON CACHE BOOL "" FORCE)
set(WEIR_BENCH ON CACHE BOOL "" FORCE)
