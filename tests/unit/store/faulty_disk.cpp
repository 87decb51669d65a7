#include "faulty_disk.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <new>

namespace rendezvous::store_tests {
namespace {

constexpr sqlite3_int64 page = 4'096;
faulty_disk* living = nullptr;

/// SQLite allocates it with room for the real file behind it.
struct wrapped_file {
    sqlite3_file base;
    std::string* name;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

wrapped_file& own(sqlite3_file* file)
{
    return *reinterpret_cast<wrapped_file*>(file);
}
sqlite3_file* real(sqlite3_file* file)
{
    return own(file).real();
}
sqlite3_vfs* real(sqlite3_vfs* vfs)
{
    return static_cast<sqlite3_vfs*>(vfs->pAppData);
}

int close(sqlite3_file* file)
{
    int const code = real(file)->pMethods ? real(file)->pMethods->xClose(real(file)) : SQLITE_OK;
    delete own(file).name;
    return code;
}

int read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 at)
{
    if (int const code = living->judge(faulty_disk::reading)) return code;
    return real(file)->pMethods->xRead(real(file), to, bytes, at);
}

int write(sqlite3_file* file, void const* from, int bytes, sqlite3_int64 at)
{
    if (int const code = living->judge(faulty_disk::writing)) return code;
    living->note_write(*own(file).name, at, bytes);
    return real(file)->pMethods->xWrite(real(file), from, bytes, at);
}

int truncate(sqlite3_file* file, sqlite3_int64 bytes)
{
    if (int const code = living->judge(faulty_disk::truncating)) return code;
    int const code = real(file)->pMethods->xTruncate(real(file), bytes);
    living->note_truncate(*own(file).name);
    return code;
}

int sync(sqlite3_file* file, int flags)
{
    int const refused = living->judge(faulty_disk::syncing);
    int const code = refused ? refused : real(file)->pMethods->xSync(real(file), flags);
    living->note_sync(*own(file).name, code == SQLITE_OK);
    return code;
}

int map_shared(sqlite3_file* file, int region, int bytes, int extend, void volatile** out)
{
    if (int const code = living->judge(faulty_disk::mapping)) return code;
    return real(file)->pMethods->xShmMap(real(file), region, bytes, extend, out);
}

// The rest is handed on.
int file_size(sqlite3_file* f, sqlite3_int64* out)
{
    return real(f)->pMethods->xFileSize(real(f), out);
}
int lock(sqlite3_file* f, int level)
{
    return real(f)->pMethods->xLock(real(f), level);
}
int unlock(sqlite3_file* f, int level)
{
    return real(f)->pMethods->xUnlock(real(f), level);
}
int reserved(sqlite3_file* f, int* out)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}
int control(sqlite3_file* f, int op, void* arg)
{
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}
int sector_size(sqlite3_file* f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}
int device(sqlite3_file* f)
{
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}
int shared_lock(sqlite3_file* f, int at, int n, int flags)
{
    return real(f)->pMethods->xShmLock(real(f), at, n, flags);
}
void shared_barrier(sqlite3_file* f)
{
    real(f)->pMethods->xShmBarrier(real(f));
}
int shared_unmap(sqlite3_file* f, int remove)
{
    return real(f)->pMethods->xShmUnmap(real(f), remove);
}

sqlite3_io_methods const methods{2, close, read, write, truncate, sync, file_size, lock, unlock, reserved, control,
    sector_size, device, map_shared, shared_lock, shared_barrier, shared_unmap, nullptr, nullptr};

int open(sqlite3_vfs* vfs, char const* name, sqlite3_file* file, int flags, int* out)
{
    auto* const made = new (file) wrapped_file{{&methods}, new std::string(name ? name : "")};
    made->real()->pMethods = nullptr;
    living->note_open(*made->name);
    int const code = real(vfs)->xOpen(real(vfs), name, made->real(), flags, out);
    if (code == SQLITE_OK) return code;
    delete made->name;
    file->pMethods = nullptr;
    return code;
}

int remove(sqlite3_vfs* vfs, char const* name, int sync_folder)
{
    living->note_delete(name);
    return real(vfs)->xDelete(real(vfs), name, sync_folder);
}

std::string content(std::string const& file)
{
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

} // namespace

faulty_disk::faulty_disk()
{
    auto* const before = sqlite3_vfs_find(nullptr);
    vfs_ = *before;
    vfs_.zName = "faulty";
    vfs_.pNext = nullptr;
    vfs_.pAppData = before;
    vfs_.szOsFile = static_cast<int>(sizeof(wrapped_file)) + before->szOsFile;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    living = this;
    sqlite3_vfs_register(&vfs_, 1);
}

faulty_disk::~faulty_disk()
{
    sqlite3_vfs_unregister(&vfs_);
    living = nullptr;
}

void faulty_disk::fail(unsigned kinds, int code, std::size_t good, std::size_t count)
{
    std::lock_guard const lock(guard_);
    kinds_ = kinds;
    code_ = code;
    good_ = good;
    count_ = count;
    seen_ = 0;
}

std::size_t faulty_disk::seen() const
{
    std::lock_guard const lock(guard_);
    return seen_;
}

int faulty_disk::judge(operation kind)
{
    std::lock_guard const lock(guard_);
    if ((kinds_ & kind) == 0) return SQLITE_OK;
    auto const number = seen_++;
    return number >= good_ && number - good_ < count_ ? code_ : SQLITE_OK;
}

void faulty_disk::note_open(std::string const& file)
{
    std::lock_guard const lock(guard_);
    // What is there before this disk has seen it has long been synced.
    if (!files_.contains(file)) files_[file].durable = content(file);
}

void faulty_disk::note_delete(std::string const& file)
{
    std::lock_guard const lock(guard_);
    files_.erase(file);
}

void faulty_disk::note_write(std::string const& file, sqlite3_int64 at, int bytes)
{
    std::lock_guard const lock(guard_);
    for (auto n = at / page; n * page < at + bytes; ++n) files_[file].dirty.insert(n);
}

void faulty_disk::note_truncate(std::string const& file)
{
    std::lock_guard const lock(guard_);
    auto& kept = files_[file];
    kept.durable.resize(std::min(kept.durable.size(), content(file).size()));
}

void faulty_disk::note_sync(std::string const& file, bool done)
{
    std::lock_guard const lock(guard_);
    auto& kept = files_[file];
    auto const now = content(file);
    for (auto const n : done ? kept.dirty : std::set<sqlite3_int64>{}) {
        auto const from = static_cast<std::size_t>(n * page);
        if (from >= now.size()) continue;
        auto const part = now.substr(from, static_cast<std::size_t>(page));
        if (kept.durable.size() < from + part.size()) kept.durable.resize(from + part.size());
        kept.durable.replace(from, part.size(), part);
    }
    kept.dirty.clear();
}

void faulty_disk::lose_power(std::filesystem::path const& folder, std::filesystem::path const& into) const
{
    std::lock_guard const lock(guard_);
    for (auto const& [name, kept] : files_) {
        std::filesystem::path const file = name;
        if (file.parent_path() != folder || name.ends_with("-shm")) continue;
        std::ofstream(into / file.filename(), std::ios::binary) << kept.durable;
    }
}

} // namespace rendezvous::store_tests
