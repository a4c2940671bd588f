// Work in independent pieces, spread over the processors this process may use. For the control
// thread's large jobs, such as compiling many rules; nothing on the way of an event comes here.
//
// Threads: called from any; starts its own and ends them before it returns. Errors: none; where no
// thread can be had the caller does all the pieces.
#pragma once

#include <cstddef>
#include <functional>

namespace weir {

// Calls piece(0) .. piece(count - 1), each once, and returns when all are done. The pieces must not
// depend on one another and must not throw.
void run_pieces(std::size_t count, const std::function<void(std::size_t)>& piece);

}  // namespace weir
