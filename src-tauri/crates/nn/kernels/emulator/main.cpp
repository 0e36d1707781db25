// Runs one kernel: a request on standard input, the numbers it made on standard output.
//
// A request is the kernel's name, a grid, threads, bytes that they share, and the arguments: a byte that tells the kind, then the value.
// Lengths come before what they count; everything is little-endian. `src/cuda/emulator.rs` writes it.

#include <map>
#include <string>

#include "../attention.cuh"
#include "../bytes.cuh"
#include "../group_attention.cuh"
#include "../norms.cuh"
#include "../pixels.cuh"

namespace {

[[noreturn]] void fail(const std::string& reason) {
    fprintf(stderr, "%s\n", reason.c_str());
    exit(1);
}

template <typename T>
T read() {
    T value;
    if (fread(&value, sizeof value, 1, stdin) != 1) fail("the request is too short");
    return value;
}

struct Buffer {
    void* start;
    size_t size;
};
enum Kind : uint8_t { NOTHING_THERE, INPUT, OUTPUT, INT, LONG, FLOAT };
constexpr unsigned char POISON = 0xff;  // no number, in every format
constexpr size_t MARGIN = 256;

struct Request {
    std::vector<Buffer> outputs;

    void expect(Kind kind, Kind wanted) {
        if (kind != wanted) fail("an argument is of another kind");
    }
    template <typename P>
    P next() {
        Kind kind = read<Kind>();
        if constexpr (std::is_pointer_v<P>) {
            if (kind == NOTHING_THERE) return nullptr;
            size_t size = read<uint64_t>();
            // A margin on both sides, so that what is written or used beside a buffer shows.
            char* start = (char*)aligned_alloc(MARGIN, (size + 3 * MARGIN) / MARGIN * MARGIN);
            memset(start, POISON, (size + 3 * MARGIN) / MARGIN * MARGIN);
            start += MARGIN;
            if (kind == INPUT && fread(start, 1, size, stdin) != size) fail("an input is too short");
            if (kind == OUTPUT) outputs.push_back({start, size});
            if (kind != INPUT && kind != OUTPUT) fail("an argument is no tensor");
            return (P)start;
        } else if constexpr (std::is_same_v<P, int>) {
            expect(kind, INT);
            return read<int32_t>();
        } else if constexpr (std::is_same_v<P, long long>) {
            expect(kind, LONG);
            return read<int64_t>();
        } else {
            expect(kind, FLOAT);
            return read<float>();
        }
    }
};

using Prepare = std::function<std::function<void()>(Request&)>;

template <typename... P>
Prepare prepared(void (*kernel)(P...)) {
    return [kernel](Request& request) -> std::function<void()> {
        // In braces, arguments are read from left to right.
        std::tuple<P...> arguments{request.next<P>()...};
        return [=] { std::apply(kernel, arguments); };
    };
}

#define BOTH(NAME)                                             \
    {#NAME "_bf16", prepared(NAME##_of_bf16::NAME##_bf16)},    \
    {#NAME "_f16", prepared(NAME##_of_f16::NAME##_f16)}
#define ONE(NAME) {NAMED(NAME), prepared(NAME)}
#define NAMED(NAME) #NAME
#define ROWS(NAME) ONE(scales_of_##NAME), ONE(rows_of_##NAME)
#define TWO(NAME) {#NAME "_bf16", prepared(NAME##_bf16)}, {#NAME "_f16", prepared(NAME##_f16)}

const std::map<std::string, Prepare> KERNELS = {
    BOTH(modulate), BOTH(rms_norm), BOTH(gated_residual), BOTH(beside), BOTH(heads), BOTH(plus),
    BOTH(group_pieces), ONE(group_affine), BOTH(affine),
    BOTH(channel_norm), BOTH(windows), BOTH(token_sums), BOTH(round_tokens),
    BOTH(largest), BOTH(round_all), BOTH(round_rows), BOTH(worth), BOTH(unpack_rows),
    ROWS(q4_0), ROWS(q4_1), ROWS(q5_0), ROWS(q5_1), ROWS(q8_0),
    ROWS(q2_k), ROWS(q3_k), ROWS(q4_k), ROWS(q5_k), ROWS(q6_k),
    TWO(attention_64_1), TWO(attention_64_2), TWO(attention_128_1), TWO(attention_128_2),
    TWO(rounded_attention_64_1), TWO(rounded_attention_64_2), TWO(rounded_attention_128_1),
    TWO(rounded_attention_128_2),
    TWO(group_attention_128),
    TWO(unpack_q4_0), TWO(unpack_q4_1), TWO(unpack_q5_0), TWO(unpack_q5_1), TWO(unpack_q8_0),
    TWO(unpack_q2_k), TWO(unpack_q3_k), TWO(unpack_q4_k), TWO(unpack_q5_k), TWO(unpack_q6_k),
    TWO(unpack_f8e4m3), TWO(unpack_f8e5m2),
};

}  // namespace

int main() {
    std::string name(read<uint32_t>(), ' ');
    if (fread(name.data(), 1, name.size(), stdin) != name.size()) fail("the request has no name");
    auto kernel = KERNELS.find(name);
    if (kernel == KERNELS.end()) fail("there is no kernel " + name);
    dim3 grid;
    grid.x = read<uint32_t>(), grid.y = read<uint32_t>(), grid.z = read<uint32_t>();
    unsigned threads = read<uint32_t>(), shared = read<uint32_t>();
    Request request;
    std::function<void()> body = kernel->second(request);
    if (getchar() != EOF) fail(name + " has fewer arguments");
    if (shared > sizeof emulator::dynamic_shared) fail(name + " shares too much");
    if (!emulator::run(grid, threads, shared, body)) fail(name + " shares more than it said");
    for (Buffer output : request.outputs) {
        const unsigned char* end = (const unsigned char*)output.start + output.size;
        for (size_t i = 0; i < MARGIN; i++)
            if (end[i] != POISON) fail(name + " writes beyond its output");
        fwrite(output.start, 1, output.size, stdout);
    }
    return 0;
}
