/* A libnvidia-ml.so.1 without a GPU: the real interface, over cards in a shared, writable file.
 *
 * Written from the public prototypes of nvml.h. pynvml, nvitop, gpustat and nvtop accept it. Several
 * processes that map one file (FAKE_NVML_STATE) see one another's writes, as with a real driver.
 * Draw follows min(demand, limit) with a lag of 0.35 s. The functions fake*() are for tests: they
 * attach a file, break cards and look behind the interface.
 *
 *   gcc -shared -fPIC -O2 -fvisibility=hidden -Wl,-soname,libnvidia-ml.so.1 \
 *       -o libnvidia-ml.so.1 fakenvml.c -lm
 *
 * -DOLD_DRIVER leaves out the calls that older drivers lack.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

typedef int Result;
typedef void *Device;
typedef unsigned Uint;
typedef unsigned long long Ulong;

enum {
    OK = 0,
    UNINITIALIZED = 1,
    INVALID_ARGUMENT = 2,
    NOT_SUPPORTED = 3,
    NO_PERMISSION = 4,
    NOT_FOUND = 6,
    INSUFFICIENT_SIZE = 7,
    DRIVER_NOT_LOADED = 9,
    FUNCTION_NOT_FOUND = 13,
    GPU_IS_LOST = 15,
    UNKNOWN = 999,
};

enum { MAGIC = 0x534f4c42, MAX_CARDS = 16, MAX_PROCESSES = 4 };

/* Watts become milliwatts at this interface and nowhere else. */
typedef struct {
    char name[64], uuid[48];
    Uint min_mw, max_mw, default_mw, idle_mw, limit_mw;
    Uint persistence, clock_low_mhz, clock_high_mhz, max_mhz;
    double demand; /* 0..1 of a full load */
    double power_mw, energy_mj, temperature_c, stepped_at;
    /* Faults. */
    Uint is_lost, takes_no_limit, takes_no_clock, is_denied, ignores_writes, enforced_mw;
    Uint segfaults, error;
    double hangs_until, overdraw; /* overdraw: draws this many times its limit; 0 = obeys */
    Uint writes;
    Uint process_count, process_pid[MAX_PROCESSES];
    Ulong process_bytes[MAX_PROCESSES];
} Card;

typedef struct {
    Uint magic, count, driver_is_missing, any_user_may_write;
    double speed; /* of power, heat and energy */
    Card cards[MAX_CARDS];
} State;

PUBLIC const char *nvmlErrorString(Result result);

static State *state;
static int users, ledger = -1;

/* ---- cards ------------------------------------------------------------------------------------ */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void make_cards(void) {
    static const struct {
        const char *name;
        Uint min_w, max_w, default_w, idle_w, takes_no_limit;
    } plates[] = {
        {"NVIDIA GeForce RTX 4090", 150, 480, 450, 18, 0},
        {"NVIDIA GeForce RTX 3090", 100, 390, 350, 22, 0},
        {"NVIDIA RTX A4000", 100, 140, 140, 9, 0},
        {"NVIDIA GeForce RTX 4060 Laptop GPU", 5, 140, 115, 3, 1},
    };

    memset(state, 0, sizeof *state);
    enum { PLATES = sizeof plates / sizeof *plates };
    const char *wanted = getenv("FAKE_NVML_CARDS"); /* more than four repeat those with a limit */
    Uint count = wanted ? (Uint)atoi(wanted) : PLATES;
    state->count = count > MAX_CARDS ? MAX_CARDS : count;
    for (Uint n = 0; n < state->count; n++) {
        Card *card = &state->cards[n];
        Uint i = n < PLATES ? n : n % (PLATES - 1);
        snprintf(card->name, sizeof card->name, "%s", plates[i].name);
        snprintf(card->uuid, sizeof card->uuid, "GPU-5014a2d0-0000-4000-8000-%012u", n);
        card->min_mw = plates[i].min_w * 1000;
        card->max_mw = plates[i].max_w * 1000;
        card->default_mw = card->limit_mw = plates[i].default_w * 1000;
        card->idle_mw = plates[i].idle_w * 1000;
        card->takes_no_limit = plates[i].takes_no_limit;
        card->demand = card->takes_no_limit ? 0 : 0.97;
        card->max_mhz = 2520;
        card->power_mw = card->idle_mw;
        card->temperature_c = 34;
        card->stepped_at = now();
    }
    state->speed = 1;
    state->magic = MAGIC;
}

/* Every write that a program tries goes to STATE.log, in order, with what the driver said. */
static Result told(const Card *card, const char *what, Result result) {
    char line[128];
    int length = snprintf(line, sizeof line, "%u %s%s%s\n", (Uint)(card - state->cards), what,
                          result == OK ? "" : ": ", result == OK ? "" : nvmlErrorString(result));
    if (ledger >= 0 && write(ledger, line, (size_t)length) != length)
        abort();
    return result;
}

static int attach(const char *path) {
    char log_path[512];
    snprintf(log_path, sizeof log_path, "%s.log", path);
    ledger = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    int file = open(path, O_RDWR | O_CREAT, 0666);
    if (file < 0)
        return -1;
    flock(file, LOCK_EX);
    if (lseek(file, 0, SEEK_END) < (off_t)sizeof *state && ftruncate(file, sizeof *state))
        return -1;
    void *memory = mmap(0, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED)
        return -1;
    state = memory;
    if (state->magic != MAGIC)
        make_cards();
    flock(file, LOCK_UN);
    close(file);
    return 0;
}

static Card *card_of(Device device) {
    uintptr_t number = (uintptr_t)device;
    return state && number >= 1 && number <= state->count ? &state->cards[number - 1] : 0;
}

static Uint index_of(const Card *card) { return (Uint)(card - state->cards); }

static void step(Card *card) {
    double at = now(), passed_s = (at - card->stepped_at) * state->speed;
    if (passed_s <= 0)
        return;
    double full = card->idle_mw + card->demand * (1.02 * card->default_mw - card->idle_mw);
    double target = full < card->limit_mw ? full : card->limit_mw;
    if (card->clock_high_mhz) {
        double share = (double)card->clock_high_mhz / card->max_mhz;
        double clocked = card->idle_mw + (full - card->idle_mw) * share * share * share;
        target = clocked < target ? clocked : target;
    }
    if (card->overdraw > 0 && !card->clock_high_mhz)
        target = card->overdraw * card->limit_mw;
    double before = card->power_mw;
    card->power_mw += (target - before) * (1 - exp(-passed_s / 0.35));
    card->energy_mj += (before + card->power_mw) / 2 * passed_s;
    double warm = 30 + 45 * card->power_mw / card->default_mw;
    card->temperature_c += (warm - card->temperature_c) * (1 - exp(-passed_s / 20));
    card->stepped_at = at;
}

static Result reach(Device device, Card **card) {
    if (!users)
        return UNINITIALIZED;
    *card = card_of(device);
    if (!*card)
        return INVALID_ARGUMENT;
    if ((*card)->segfaults)
        raise(SIGSEGV);
    while ((*card)->hangs_until > 0 && now() < (*card)->hangs_until)
        usleep(20000);
    if ((*card)->error)
        return (Result)(*card)->error;
    if ((*card)->is_lost)
        return GPU_IS_LOST;
    step(*card);
    return OK;
}

static int may_write(const Card *card) {
    return !card->is_denied && (state->any_user_may_write || geteuid() == 0);
}

/* Opens every call on a device: `card` is the card, stepped to now. */
#define REACH_CARD                                                                                \
    Card *card;                                                                                   \
    Result reached = reach(device, &card);                                                        \
    if (reached != OK)                                                                            \
    return reached

#define GETTER(function, type, value)                                                             \
    PUBLIC Result function(Device device, type *answer) {                                         \
        REACH_CARD;                                                                               \
        *answer = (type)(value);                                                                  \
        return OK;                                                                                \
    }

/* ---- for tests -------------------------------------------------------------------------------- */

PUBLIC int fakeAttach(const char *path) { return attach(path); }

/* What loading the driver again does: every setting is as delivered, counters start anew. */
static void reload(void) {
    for (Uint i = 0; i < state->count; i++) {
        Card *card = &state->cards[i];
        card->limit_mw = card->default_mw;
        card->persistence = card->clock_low_mhz = card->clock_high_mhz = 0;
        card->energy_mj = 0;
    }
}

PUBLIC int fakeSet(Uint index, const char *what, double value) {
    if (!state)
        return -1;
    if (!strcmp(what, "speed")) /* as that of a keeper at another pace */
        state->speed = value;
    else if (!strcmp(what, "driver_is_missing"))
        state->driver_is_missing = (Uint)value;
    else if (!strcmp(what, "any_user_may_write"))
        state->any_user_may_write = (Uint)value;
    else if (!strcmp(what, "count"))
        state->count = (Uint)value;
    else if (!strcmp(what, "limit_mw"))
        state->cards[index].limit_mw = (Uint)value;
    else if (!strcmp(what, "enforced_mw"))
        state->cards[index].enforced_mw = (Uint)value;
    else if (!strcmp(what, "min_mw"))
        state->cards[index].min_mw = (Uint)value;
    else if (!strcmp(what, "is_lost"))
        state->cards[index].is_lost = (Uint)value;
    else if (!strcmp(what, "is_denied"))
        state->cards[index].is_denied = (Uint)value;
    else if (!strcmp(what, "ignores_writes"))
        state->cards[index].ignores_writes = (Uint)value;
    else if (!strcmp(what, "takes_no_clock"))
        state->cards[index].takes_no_clock = (Uint)value;
    else if (!strcmp(what, "max_mw"))
        state->cards[index].max_mw = (Uint)value;
    else if (!strcmp(what, "overdraw"))
        state->cards[index].overdraw = value;
    else if (!strcmp(what, "demand"))
        state->cards[index].demand = value;
    else if (!strcmp(what, "energy_mj"))
        state->cards[index].energy_mj = value;
    else if (!strcmp(what, "segfaults"))
        state->cards[index].segfaults = (Uint)value;
    else if (!strcmp(what, "error")) /* an nvmlReturn_t for every call; 0 mends it */
        state->cards[index].error = (Uint)value;
    else if (!strcmp(what, "pid")) { /* one program on the card; 0 = none */
        state->cards[index].process_count = value > 0;
        state->cards[index].process_pid[0] = (Uint)value;
        state->cards[index].process_bytes[0] = 8ULL << 30;
    } else if (!strcmp(what, "reload"))
        reload();
    else if (!strcmp(what, "hangs_s")) /* from now; 0 mends it */
        state->cards[index].hangs_until = value > 0 ? now() + value : 0;
    else
        return -1;
    return 0;
}

PUBLIC Uint fakeLimit(Uint index) { return state->cards[index].limit_mw; }
PUBLIC Uint fakeClock(Uint index) { return state->cards[index].clock_high_mhz; }
PUBLIC double fakePower(Uint index) { return state->cards[index].power_mw; }
PUBLIC Uint fakeWrites(Uint index) { return state->cards[index].writes; }
PUBLIC Uint fakePersistence(Uint index) { return state->cards[index].persistence; }

/* ---- library ---------------------------------------------------------------------------------- */

PUBLIC Result nvmlInit_v2(void) {
    const char *path = getenv("FAKE_NVML_STATE");
    if (!state && attach(path ? path : "/tmp/fake-nvml.state"))
        return UNKNOWN;
    if (state->driver_is_missing)
        return DRIVER_NOT_LOADED;
    users++;
    return OK;
}
PUBLIC Result nvmlInit(void) { return nvmlInit_v2(); }
PUBLIC Result nvmlInitWithFlags(Uint flags) {
    (void)flags;
    return nvmlInit_v2();
}
PUBLIC Result nvmlShutdown(void) {
    if (!users)
        return UNINITIALIZED;
    users--;
    return OK;
}

PUBLIC const char *nvmlErrorString(Result result) {
    switch (result) {
    case OK:
        return "The operation was successful";
    case UNINITIALIZED:
        return "Uninitialized";
    case INVALID_ARGUMENT:
        return "Invalid Argument";
    case NOT_SUPPORTED:
        return "Not Supported";
    case NO_PERMISSION:
        return "Insufficient Permissions";
    case NOT_FOUND:
        return "Not Found";
    case INSUFFICIENT_SIZE:
        return "Insufficient Size";
    case DRIVER_NOT_LOADED:
        return "Driver Not Loaded";
    case FUNCTION_NOT_FOUND:
        return "Function Not Found";
    case GPU_IS_LOST:
        return "GPU is lost";
    default:
        return "Unknown Error";
    }
}

static const char *driver_version(void) {
    const char *version = getenv("FAKE_NVML_DRIVER");
    return version ? version : "580.95.05";
}
PUBLIC Result nvmlSystemGetDriverVersion(char *text, Uint size) {
    snprintf(text, size, "%s", driver_version());
    return OK;
}
PUBLIC Result nvmlSystemGetNVMLVersion(char *text, Uint size) {
    snprintf(text, size, "13.%s", driver_version());
    return OK;
}
PUBLIC Result nvmlSystemGetCudaDriverVersion(int *version) {
    *version = 13000;
    return OK;
}
PUBLIC Result nvmlSystemGetCudaDriverVersion_v2(int *version) {
    return nvmlSystemGetCudaDriverVersion(version);
}
PUBLIC Result nvmlSystemGetProcessName(Uint pid, char *text, Uint size) {
    snprintf(text, size, "pid-%u", pid);
    return OK;
}

/* ---- identity --------------------------------------------------------------------------------- */

PUBLIC Result nvmlDeviceGetCount_v2(Uint *count) {
    if (!users)
        return UNINITIALIZED;
    *count = state->count;
    return OK;
}
PUBLIC Result nvmlDeviceGetCount(Uint *count) { return nvmlDeviceGetCount_v2(count); }

PUBLIC Result nvmlDeviceGetHandleByIndex_v2(Uint index, Device *device) {
    if (!users)
        return UNINITIALIZED;
    if (index >= state->count)
        return INVALID_ARGUMENT;
    if (state->cards[index].is_lost)
        return GPU_IS_LOST;
    *device = (Device)(uintptr_t)(index + 1);
    return OK;
}
PUBLIC Result nvmlDeviceGetHandleByIndex(Uint index, Device *device) {
    return nvmlDeviceGetHandleByIndex_v2(index, device);
}
PUBLIC Result nvmlDeviceGetHandleByUUID(const char *uuid, Device *device) {
    if (!users)
        return UNINITIALIZED;
    for (Uint i = 0; i < state->count; i++)
        if (!strcmp(uuid, state->cards[i].uuid))
            return nvmlDeviceGetHandleByIndex_v2(i, device);
    return NOT_FOUND;
}
PUBLIC Result nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, Device *device) {
    Uint bus;
    if (!users)
        return UNINITIALIZED;
    if (sscanf(bus_id, "%*x:%x:", &bus) != 1)
        return INVALID_ARGUMENT;
    return (bus - 1) / 16 < state->count ? nvmlDeviceGetHandleByIndex_v2((bus - 1) / 16, device)
                                         : NOT_FOUND;
}

GETTER(nvmlDeviceGetIndex, Uint, index_of(card))
GETTER(nvmlDeviceGetMinorNumber, Uint, index_of(card))

PUBLIC Result nvmlDeviceGetName(Device device, char *text, Uint size) {
    REACH_CARD;
    snprintf(text, size, "%s", card->name);
    return OK;
}
PUBLIC Result nvmlDeviceGetUUID(Device device, char *text, Uint size) {
    REACH_CARD;
    snprintf(text, size, "%s", card->uuid);
    return OK;
}

typedef struct {
    char legacy[16];
    Uint domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
} Pci;

PUBLIC Result nvmlDeviceGetPciInfo_v3(Device device, Pci *pci) {
    REACH_CARD;
    memset(pci, 0, sizeof *pci);
    pci->bus = 1 + index_of(card) * 16;
    pci->device_id = 0x268410DE;
    snprintf(pci->bus_id, sizeof pci->bus_id, "00000000:%02X:00.0", pci->bus & 0xff);
    snprintf(pci->legacy, sizeof pci->legacy, "0000:%02X:00.0", pci->bus & 0xff);
    return OK;
}
PUBLIC Result nvmlDeviceGetPciInfo_v2(Device device, Pci *pci) {
    return nvmlDeviceGetPciInfo_v3(device, pci);
}

PUBLIC Result nvmlDeviceGetCudaComputeCapability(Device device, int *major, int *minor) {
    REACH_CARD;
    *major = 8;
    *minor = 9;
    return OK;
}
GETTER(nvmlDeviceGetArchitecture, Uint, 8)
GETTER(nvmlDeviceGetNumGpuCores, Uint, 16384)

/* ---- power ------------------------------------------------------------------------------------ */

GETTER(nvmlDeviceGetPowerManagementMode, int, 1)
GETTER(nvmlDeviceGetPowerManagementLimit, Uint, card->limit_mw)
GETTER(nvmlDeviceGetPowerManagementDefaultLimit, Uint, card->default_mw)
GETTER(nvmlDeviceGetPowerUsage, Uint, card->power_mw)
GETTER(nvmlDeviceGetTotalEnergyConsumption, Ulong, card->energy_mj)
GETTER(nvmlDeviceGetPersistenceMode, int, card->persistence)

#ifndef OLD_DRIVER
GETTER(nvmlDeviceGetEnforcedPowerLimit, Uint,
       card->enforced_mw && card->enforced_mw < card->limit_mw ? card->enforced_mw
                                                               : card->limit_mw)
#endif

PUBLIC Result nvmlDeviceGetPowerManagementLimitConstraints(Device device, Uint *low, Uint *high) {
    REACH_CARD;
    if (card->takes_no_limit)
        return NOT_SUPPORTED;
    *low = card->min_mw;
    *high = card->max_mw;
    return OK;
}

static Result set_limit(Card *card, Uint limit_mw) {
    if (card->takes_no_limit)
        return NOT_SUPPORTED;
    if (!may_write(card))
        return NO_PERMISSION;
    if (limit_mw < card->min_mw || limit_mw > card->max_mw)
        return INVALID_ARGUMENT;
    card->writes++;
    if (!card->ignores_writes)
        card->limit_mw = limit_mw;
    return OK;
}

PUBLIC Result nvmlDeviceSetPowerManagementLimit(Device device, Uint limit_mw) {
    REACH_CARD;
    char what[48];
    snprintf(what, sizeof what, "limit %g W", limit_mw / 1000.0);
    return told(card, what, set_limit(card, limit_mw));
}

PUBLIC Result nvmlDeviceSetPersistenceMode(Device device, int mode) {
    REACH_CARD;
    const char *what = mode ? "persistence on" : "persistence off";
    if (!may_write(card))
        return told(card, what, NO_PERMISSION);
    card->persistence = (Uint)mode;
    return told(card, what, OK);
}

static Result set_clocks(Card *card, const char *what, Uint low_mhz, Uint high_mhz) {
    if (card->takes_no_clock)
        return told(card, what, NOT_SUPPORTED);
    if (!may_write(card))
        return told(card, what, NO_PERMISSION);
    if (low_mhz > high_mhz)
        return told(card, what, INVALID_ARGUMENT);
    card->clock_low_mhz = low_mhz;
    card->clock_high_mhz = high_mhz;
    return told(card, what, OK);
}
PUBLIC Result nvmlDeviceSetGpuLockedClocks(Device device, Uint low_mhz, Uint high_mhz) {
    REACH_CARD;
    char what[48];
    snprintf(what, sizeof what, "clocks %u to %u MHz", low_mhz, high_mhz);
    return set_clocks(card, what, low_mhz, high_mhz);
}
PUBLIC Result nvmlDeviceResetGpuLockedClocks(Device device) {
    REACH_CARD;
    return set_clocks(card, "clocks free", 0, 0);
}

/* ---- what a card does ------------------------------------------------------------------------- */

typedef struct {
    Uint gpu, memory;
} Rates;

PUBLIC Result nvmlDeviceGetUtilizationRates(Device device, Rates *rates) {
    REACH_CARD;
    rates->gpu = (Uint)(card->demand * 100 + 0.5);
    rates->memory = rates->gpu * 6 / 10;
    return OK;
}

PUBLIC Result nvmlDeviceGetTemperature(Device device, int sensor, Uint *celsius) {
    (void)sensor;
    REACH_CARD;
    *celsius = (Uint)card->temperature_c;
    return OK;
}

#ifndef OLD_DRIVER
typedef struct {
    Uint version;
    int sensor, celsius;
} Temperature;

PUBLIC Result nvmlDeviceGetTemperatureV(Device device, Temperature *temperature) {
    REACH_CARD;
    temperature->celsius = (int)card->temperature_c;
    return OK;
}
#endif

PUBLIC Result nvmlDeviceGetTemperatureThreshold(Device device, int kind, Uint *celsius) {
    REACH_CARD;
    *celsius = kind == 0 ? 98 : kind == 1 ? 95 : 90;
    return OK;
}

GETTER(nvmlDeviceGetFanSpeed, Uint, 20 + card->temperature_c / 2)
GETTER(nvmlDeviceGetPerformanceState, int, card->demand > 0.05 ? 2 : 8)

static Uint clock_mhz(const Card *card) {
    if (card->demand <= 0.05)
        return 210;
    if (card->clock_high_mhz)
        return card->clock_high_mhz;
    return (Uint)(card->max_mhz * cbrt(card->power_mw / card->default_mw));
}
PUBLIC Result nvmlDeviceGetClockInfo(Device device, int kind, Uint *mhz) {
    REACH_CARD;
    *mhz = kind == 2 ? 10501 : clock_mhz(card);
    return OK;
}
PUBLIC Result nvmlDeviceGetMaxClockInfo(Device device, int kind, Uint *mhz) {
    REACH_CARD;
    *mhz = kind == 2 ? 10501 : card->max_mhz;
    return OK;
}

static Ulong event_reasons(const Card *card) {
    Ulong reasons = card->clock_high_mhz ? 2 : 0;
    if (card->demand < 0.05)
        return reasons | 1;
    return card->power_mw > card->limit_mw * 0.97 ? reasons | 4 : reasons;
}
GETTER(nvmlDeviceGetCurrentClocksEventReasons, Ulong, event_reasons(card))
GETTER(nvmlDeviceGetCurrentClocksThrottleReasons, Ulong, event_reasons(card))

/* ---- memory and processes --------------------------------------------------------------------- */

typedef struct {
    Ulong total, free, used;
} Memory;

typedef struct {
    Uint version;
    Ulong total, reserved, free, used;
} MemoryV2;

PUBLIC Result nvmlDeviceGetMemoryInfo(Device device, Memory *memory) {
    REACH_CARD;
    memory->total = 24ULL << 30;
    memory->used = 400ULL << 20;
    for (Uint i = 0; i < card->process_count; i++)
        memory->used += card->process_bytes[i];
    memory->free = memory->total - memory->used;
    return OK;
}
PUBLIC Result nvmlDeviceGetMemoryInfo_v2(Device device, MemoryV2 *memory) {
    Memory plain;
    Result result = nvmlDeviceGetMemoryInfo(device, &plain);
    if (result != OK)
        return result;
    memory->total = plain.total;
    memory->used = plain.used;
    memory->free = plain.free;
    memory->reserved = 300ULL << 20;
    return OK;
}
PUBLIC Result nvmlDeviceGetBAR1MemoryInfo(Device device, Memory *memory) {
    REACH_CARD;
    memory->total = 256ULL << 20;
    memory->used = 2ULL << 20;
    memory->free = memory->total - memory->used;
    return OK;
}

typedef struct {
    Uint pid;
    Ulong bytes;
} ProcessV1;

typedef struct {
    Uint pid;
    Ulong bytes;
    Uint gpu_instance, compute_instance;
} Process;

static Result processes(Device device, Uint *count, Process *found) {
    REACH_CARD;
    Uint room = *count;
    *count = card->process_count;
    if (room < card->process_count)
        return INSUFFICIENT_SIZE;
    for (Uint i = 0; i < card->process_count; i++)
        found[i] = (Process){card->process_pid[i], card->process_bytes[i], ~0u, ~0u};
    return OK;
}
#ifndef OLD_DRIVER
PUBLIC Result nvmlDeviceGetComputeRunningProcesses_v3(Device device, Uint *count, Process *found) {
    return processes(device, count, found);
}
#endif
PUBLIC Result nvmlDeviceGetComputeRunningProcesses_v2(Device device, Uint *count, Process *found) {
    return processes(device, count, found);
}
PUBLIC Result nvmlDeviceGetComputeRunningProcesses(Device device, Uint *count, ProcessV1 *found) {
    REACH_CARD;
    Uint room = *count;
    *count = card->process_count;
    if (room < card->process_count)
        return INSUFFICIENT_SIZE;
    for (Uint i = 0; i < card->process_count; i++)
        found[i] = (ProcessV1){card->process_pid[i], card->process_bytes[i]};
    return OK;
}

static Result no_processes(Device device, Uint *count) {
    REACH_CARD;
    *count = 0;
    return OK;
}
PUBLIC Result nvmlDeviceGetGraphicsRunningProcesses_v3(Device device, Uint *count, Process *found) {
    (void)found;
    return no_processes(device, count);
}
PUBLIC Result nvmlDeviceGetGraphicsRunningProcesses_v2(Device device, Uint *count, Process *found) {
    (void)found;
    return no_processes(device, count);
}
PUBLIC Result nvmlDeviceGetGraphicsRunningProcesses(Device device, Uint *count, ProcessV1 *found) {
    (void)found;
    return no_processes(device, count);
}
PUBLIC Result nvmlDeviceGetProcessUtilization(Device device, void *samples, Uint *count, Ulong at) {
    (void)samples;
    (void)at;
    Result result = no_processes(device, count);
    return result == OK ? NOT_FOUND : result;
}

/* ---- what monitors ask for beside ------------------------------------------------------------- */

GETTER(nvmlDeviceGetComputeMode, int, 0)
GETTER(nvmlDeviceGetDisplayActive, int, 0)
GETTER(nvmlDeviceGetDisplayMode, int, 0)
GETTER(nvmlDeviceGetMaxMigDeviceCount, Uint, 0)
GETTER(nvmlDeviceGetCurrPcieLinkGeneration, Uint, 4)
GETTER(nvmlDeviceGetMaxPcieLinkGeneration, Uint, 4)
GETTER(nvmlDeviceGetCurrPcieLinkWidth, Uint, 16)
GETTER(nvmlDeviceGetMaxPcieLinkWidth, Uint, 16)

PUBLIC Result nvmlDeviceGetPcieThroughput(Device device, int counter, Uint *kb_per_s) {
    (void)counter;
    REACH_CARD;
    *kb_per_s = 1024;
    return OK;
}
static Result coder(Device device, Uint *utilization, Uint *period_us) {
    REACH_CARD;
    *utilization = 0;
    *period_us = 167000;
    return OK;
}
PUBLIC Result nvmlDeviceGetEncoderUtilization(Device device, Uint *utilization, Uint *period_us) {
    return coder(device, utilization, period_us);
}
PUBLIC Result nvmlDeviceGetDecoderUtilization(Device device, Uint *utilization, Uint *period_us) {
    return coder(device, utilization, period_us);
}

static Result not_supported(Device device) {
    REACH_CARD;
    return NOT_SUPPORTED;
}
PUBLIC Result nvmlDeviceGetMigMode(Device device, Uint *current, Uint *pending) {
    (void)current;
    (void)pending;
    return not_supported(device);
}
PUBLIC Result nvmlDeviceGetDriverModel(Device device, int *current, int *pending) {
    (void)current;
    (void)pending;
    return not_supported(device); /* as on every Linux */
}
PUBLIC Result nvmlDeviceGetDriverModel_v2(Device device, int *current, int *pending) {
    return nvmlDeviceGetDriverModel(device, current, pending);
}
PUBLIC Result nvmlDeviceGetTotalEccErrors(Device device, int error, int counter, Ulong *count) {
    (void)error;
    (void)counter;
    (void)count;
    return not_supported(device);
}
PUBLIC Result nvmlDeviceGetMemoryErrorCounter(Device device, int error, int counter, int location,
                                              Ulong *count) {
    (void)error;
    (void)counter;
    (void)location;
    (void)count;
    return not_supported(device);
}
PUBLIC Result nvmlDeviceGetEccMode(Device device, int *current, int *pending) {
    (void)current;
    (void)pending;
    return not_supported(device);
}
PUBLIC Result nvmlDeviceGetFieldValues(Device device, int count, void *values) {
    (void)count;
    (void)values;
    return not_supported(device);
}
