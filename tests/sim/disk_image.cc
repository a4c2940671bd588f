#include "tests/sim/disk_image.h"

#include <algorithm>
#include <cstring>

#include "core/base/check.h"

namespace weir::sim {
namespace {

// Mixes the bytes of a page that a crash finds: `before` or `after`, by the sector.
std::string mixed(const std::string& before, const std::string& after, Random& random) {
  std::string page = after;
  for (std::uint64_t at = 0; at < page.size(); at += kSectorBytes) {
    if (random.below(2) == 0) continue;
    const std::uint64_t count = std::min(kSectorBytes, page.size() - at);
    std::string old(count, '\0');
    if (at < before.size()) {
      std::memcpy(old.data(), before.data() + at, std::min(count, before.size() - at));
    }
    page.replace(at, count, old);
  }
  return page;
}

enum class Survival : std::uint8_t { nothing, everything, some_pages, some_sectors, count_ };

SimFilePtr survivor(const SimFile& file, Random& random) {
  auto copy = std::make_shared<SimFile>();
  std::string& content = copy->content;
  content = file.content;
  const std::uint64_t cut = content.size();  // pages behind it: a truncation that is undone
  const bool old_size = file.synced_size && random.below(2) == 0;
  if (old_size) content.resize(*file.synced_size, '\0');
  const auto put = [&](std::uint64_t page, std::string bytes) {
    const std::uint64_t at = page * kPageBytes;
    const std::uint64_t count = std::min(kPageBytes, content.size() - at);
    bytes.resize(count, '\0');
    content.replace(at, count, bytes);
  };
  const auto style =
      static_cast<Survival>(random.below(static_cast<std::uint64_t>(Survival::count_)));
  for (const auto& [page, before] : file.unsynced) {
    if (page * kPageBytes >= content.size()) continue;
    if (page * kPageBytes >= cut) {
      put(page, before);
      continue;
    }
    if (style == Survival::everything) continue;
    if (style == Survival::some_pages && random.below(2) == 0) continue;
    if (style == Survival::some_sectors) {
      put(page, mixed(before, content.substr(page * kPageBytes, kPageBytes), random));
    } else {
      put(page, before);
    }
  }
  for (const auto& [page, before] : file.untrusted) {
    if (page * kPageBytes < content.size()) put(page, before);
  }
  return copy;
}

}  // namespace

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

void DiskImage::keep_before(SimFile& file, std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t page = begin / kPageBytes; page * kPageBytes < end; ++page) {
    const auto failed = file.untrusted.find(page);
    if (failed != file.untrusted.end()) {  // written anew: what is on the disk is the old page
      file.unsynced.insert_or_assign(page, std::move(failed->second));
      file.untrusted.erase(failed);
      continue;
    }
    if (file.unsynced.contains(page)) continue;
    const std::uint64_t at = page * kPageBytes;
    file.unsynced.emplace(
        page, at < file.content.size() ? file.content.substr(at, kPageBytes) : std::string());
  }
}

std::uint64_t DiskImage::write(SimFile& file, std::span<const char> bytes, std::uint64_t offset) {
  std::uint64_t count = bytes.size();
  const std::uint64_t size = file.content.size();
  if (bytes_left != kUnlimited) {
    const std::uint64_t inside = offset < size ? std::min(count, size - offset) : 0;
    count = std::min(count, inside + bytes_left);
  }
  if (count == 0) return 0;
  keep_before(file, offset, offset + count);
  if (offset + count > size) {
    if (bytes_left != kUnlimited) bytes_left -= offset + count - std::max(size, offset);
    if (!file.synced_size) file.synced_size = size;
    file.content.resize(offset + count, '\0');
  }
  std::memcpy(file.content.data() + offset, bytes.data(), count);
  return count;
}

bool DiskImage::allocate(SimFile& file, std::uint64_t bytes) {
  const std::uint64_t size = file.content.size();
  if (bytes <= size) return true;
  if (bytes_left != kUnlimited) {
    if (bytes - size > bytes_left) return false;
    bytes_left -= bytes - size;
  }
  if (!file.synced_size) file.synced_size = size;
  file.content.resize(bytes, '\0');
  return true;
}

void DiskImage::truncate(SimFile& file, std::uint64_t bytes) {
  const std::uint64_t size = file.content.size();
  if (!file.synced_size) file.synced_size = size;
  if (bytes < size && bytes_left != kUnlimited) bytes_left += size - bytes;
  if (bytes < size) keep_before(file, bytes, size);
  file.content.resize(bytes, '\0');
}

void DiskImage::sync(SimFile& file) {
  file.unsynced.clear();
  file.synced_size.reset();
}

void DiskImage::uncache(const SimFile& file, std::span<char> bytes, std::uint64_t offset) {
  for (const auto& [page, before] : file.untrusted) {
    for (std::uint64_t i = 0; i < kPageBytes; ++i) {
      const std::uint64_t at = page * kPageBytes + i;
      if (at < offset || at >= offset + bytes.size()) continue;
      bytes[at - offset] = i < before.size() ? before[i] : '\0';
    }
  }
}

void DiskImage::fail_sync(SimFile& file, Random& random) {
  for (auto& [page, before] : file.unsynced) {
    switch (random.below(4)) {
      case 0:  // it had reached the disk
        break;
      case 1: {  // it is gone already
        const std::uint64_t at = page * kPageBytes;
        if (at >= file.content.size()) break;
        before.resize(std::min(kPageBytes, file.content.size() - at), '\0');
        file.content.replace(at, before.size(), before);
        break;
      }
      default:  // marked clean in the cache
        file.untrusted.insert_or_assign(page, std::move(before));
    }
  }
  file.unsynced.clear();
}

SimFilePtr DiskImage::create(const std::string& path) {
  WEIR_CHECK(!files.contains(path));
  auto file = std::make_shared<SimFile>();
  files[path] = file;
  unsynced_names_.push_back({NameChange::Kind::create, path, {}, file, {}});
  return file;
}

void DiskImage::rename(const std::string& from, const std::string& to) {
  SimFilePtr file = files.at(from);
  SimFilePtr replaced;
  if (const auto found = files.find(to); found != files.end()) replaced = found->second;
  files.erase(from);
  files[to] = file;
  unsynced_names_.push_back({NameChange::Kind::rename, from, to, file, replaced});
}

void DiskImage::remove(const std::string& path) {
  const SimFilePtr file = files.at(path);
  files.erase(path);
  if (bytes_left != kUnlimited) bytes_left += file->content.size();
  unsynced_names_.push_back({NameChange::Kind::remove, path, {}, file, {}});
}

void DiskImage::sync_directory(const std::string& directory) {
  std::erase_if(unsynced_names_, [&](const NameChange& change) {
    return directory_of(change.kind == NameChange::Kind::rename ? change.path_to : change.path) ==
           directory;
  });
}

DiskImage DiskImage::crash(Random& random) const {
  // Of the changes to the name of one file a crash keeps the first few: file systems keep those in
  // order. Between files there is no order.
  std::map<const SimFile*, bool> lost;
  std::vector<bool> undone(unsynced_names_.size(), false);
  const std::uint64_t style = random.below(3);
  for (std::size_t i = 0; i < unsynced_names_.size(); ++i) {
    bool& gone = lost[unsynced_names_[i].file.get()];
    if (style == 1 || (style == 2 && random.below(2) == 0)) gone = true;
    undone[i] = gone;
  }
  std::map<std::string, SimFilePtr> names = files;
  for (std::size_t i = unsynced_names_.size(); i-- > 0;) {
    if (!undone[i]) continue;
    const NameChange& change = unsynced_names_[i];
    const std::string& now = change.kind == NameChange::Kind::rename ? change.path_to : change.path;
    const auto found = names.find(now);
    const bool ours = found != names.end() && found->second == change.file;
    if (change.kind != NameChange::Kind::remove && ours) names.erase(found);
    if (change.kind == NameChange::Kind::rename) {
      if (change.replaced) names.emplace(change.path_to, change.replaced);
      names.emplace(change.path, change.file);
    } else if (change.kind == NameChange::Kind::remove) {
      names.emplace(change.path, change.file);
    }
  }
  DiskImage image;
  image.directories = directories;
  for (const auto& [path, file] : names) image.files.emplace(path, survivor(*file, random));
  if (bytes_left != kUnlimited) {
    const std::uint64_t total = bytes_left + bytes_used();
    image.bytes_left = total - std::min(total, image.bytes_used());
  }
  return image;
}

void DiskImage::rot(Random& random) {
  const std::uint64_t used = bytes_used();
  if (used == 0) return;
  std::uint64_t at = random.below(used);
  for (const auto& [path, file] : files) {
    if (at < file->content.size()) {
      file->content[at] = static_cast<char>(file->content[at] ^ (1 << random.below(8)));
      return;
    }
    at -= file->content.size();
  }
}

std::uint64_t DiskImage::bytes_used() const {
  std::uint64_t used = 0;
  for (const auto& [path, file] : files) used += file->content.size();
  return used;
}

}  // namespace weir::sim
