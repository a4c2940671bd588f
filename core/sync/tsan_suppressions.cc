// For builds with the thread sanitizer only: what it cannot know.
//
// moodycamel::ConcurrentQueue orders the reuse of its slots by atomic fences (Block::is_empty),
// which the sanitizer does not follow: it reports the producer's write of a slot against the
// consumer's earlier read of it. What is handed over through the queue is ordered by plain acquire
// and release operations, which it does follow; races on that are still found.
extern "C" const char* __tsan_default_suppressions();  // NOLINT: the sanitizer's name

extern "C" const char* __tsan_default_suppressions() {  // NOLINT
  return "race:moodycamel::\n";
}
