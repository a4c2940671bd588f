# The program as it is meant to run: g++, optimised for this machine's processor.
set(CMAKE_CXX_COMPILER g++ CACHE STRING "")
set(CMAKE_C_COMPILER gcc CACHE STRING "")
set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
set(WEIR_SANITIZE "" CACHE STRING "" FORCE)
set(WEIR_FUZZ OFF CACHE BOOL "" FORCE)
set(WEIR_TESTS ON CACHE BOOL "" FORCE)
set(WEIR_BENCH ON CACHE BOOL "" FORCE)
