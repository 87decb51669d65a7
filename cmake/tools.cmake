# Read by the presets at the start of the first project(): faster tools where the machine has them, never required.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}" CACHE STRING "compiler launcher")
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM AND NOT DEFINED CMAKE_EXE_LINKER_FLAGS_INIT)
  set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=mold")
endif()
