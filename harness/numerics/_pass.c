/* Two float32 tensors measured in one pass through memory: what _walk.py measures, of finite numbers only.

   Pieces of PIECE elements stay in the first cache, so that several short loops over each cost little; every
   loop is one that compilers turn into vector instructions without being allowed to reorder sums. Numbers
   that are not negative are ordered as their bits are: maxima are taken of those. */

#include <stdint.h>
#include <string.h>

#define PIECE 1024
#if defined(__AVX512F__)
#define LANES 8 /* doubles that one register holds: compilers split wider vectors badly */
#elif defined(__AVX__)
#define LANES 4
#else
#define LANES 2
#endif
#define MAGNITUDE 0x7fffffffu
#define INFINITE 0x7f800000u
#define SMALLEST_NORMAL 0x00800000u

typedef float Floats __attribute__((vector_size(LANES * sizeof(float))));
typedef double Doubles __attribute__((vector_size(LANES * sizeof(double))));

typedef struct {
    double reference2, candidate2, difference2, product; /* of the reference and the difference */
    double near_zero_rel, near_zero_rtol;                /* where the reference is below the normal numbers */
    float max_abs, max_quotient, reference_absmax;
    uint32_t max_ulp;
    int64_t worst; /* -1: nothing differs */
} Totals;

static inline uint32_t bits(float value) {
    uint32_t found;
    memcpy(&found, &value, sizeof found);
    return found;
}

static inline float number(uint32_t found) {
    float value;
    memcpy(&value, &found, sizeof value);
    return value;
}

static inline Doubles widened(const float *place) {
    Floats values;
    memcpy(&values, place, sizeof values);
    return __builtin_convertvector(values, Doubles);
}

static inline uint32_t larger(uint32_t left, uint32_t right) { return left > right ? left : right; }

/* What numpy's max(|r - c| / max(|r|, tiny)) and max(|r - c| / |r|) are where |r| < tiny and r differs from c. */
static void near_zero(const float *left, const float *right, int64_t size, Totals *totals) {
    const double tiny = number(SMALLEST_NORMAL);
    for (int64_t i = 0; i < size; i++) {
        double length = number(bits(left[i]) & MAGNITUDE);
        double apart = number(bits(left[i] - right[i]) & MAGNITUDE);
        if (length >= tiny || apart == 0) continue;
        if (apart / tiny > totals->near_zero_rel) totals->near_zero_rel = apart / tiny;
        if (apart / length > totals->near_zero_rtol) totals->near_zero_rtol = apart / length;
    }
}

/* Measure `size` elements; 0 and nothing of use in `totals` where a number or a difference is not finite. */
int measure(const float *left, const float *right, int64_t size, Totals *totals) {
    Doubles reference2 = {0}, candidate2 = {0}, difference2 = {0}, product = {0};
    uint32_t absmax = 0, apart_max = 0, quotient_max = 0, ulp_max = 0;
    memset(totals, 0, sizeof *totals);
    totals->worst = -1;
    for (int64_t start = 0; start < size; start += PIECE) {
        const int64_t count = size - start < PIECE ? size - start : PIECE;
        const float *r = left + start, *c = right + start;
        float apart[PIECE];
        uint32_t piece_abs = 0, piece_apart = 0, piece_quotient = 0, piece_ulp = 0, small = 0, finite = 0;

        for (int64_t i = 0; i < count; i++) apart[i] = r[i] - c[i];
        const int64_t whole = count - count % LANES;
        for (int64_t i = 0; i < whole; i += LANES) {
            const Doubles a = widened(r + i), b = widened(c + i), d = widened(apart + i);
            reference2 += a * a;
            candidate2 += b * b;
            difference2 += d * d;
            product += a * d;
        }
        for (int64_t i = whole; i < count; i++) {
            const double a = r[i], b = c[i], d = apart[i];
            reference2[0] += a * a;
            candidate2[0] += b * b;
            difference2[0] += d * d;
            product[0] += a * d;
        }
        for (int64_t i = 0; i < count; i++) {
            const uint32_t a = bits(r[i]), b = bits(c[i]), d = bits(apart[i]) & MAGNITUDE;
            const uint32_t of_a = a & MAGNITUDE, of_b = b & MAGNITUDE;
            const uint32_t same = of_a > of_b ? of_a - of_b : of_b - of_a;
            const uint32_t ulps = (a ^ b) >> 31 ? of_a + of_b : same;
            const uint32_t normal = of_a >= SMALLEST_NORMAL;
            const uint32_t quotient = bits(number(d) / number(normal ? of_a : INFINITE));
            piece_abs = larger(piece_abs, of_a);
            piece_apart = larger(piece_apart, d);
            piece_quotient = larger(piece_quotient, quotient);
            piece_ulp = larger(piece_ulp, ulps);
            small |= !normal & (d != 0);
            finite = larger(finite, larger(of_b, quotient));
        }
        if (larger(finite, larger(piece_abs, piece_apart)) >= INFINITE) return 0;
        if (small) near_zero(r, c, count, totals);
        if (piece_apart > apart_max) {
            apart_max = piece_apart;
            int64_t i = 0;
            while ((bits(apart[i]) & MAGNITUDE) != piece_apart) i++;
            totals->worst = start + i;
        }
        absmax = larger(absmax, piece_abs);
        quotient_max = larger(quotient_max, piece_quotient);
        ulp_max = larger(ulp_max, piece_ulp);
    }
    for (int j = 0; j < LANES; j++) {
        totals->reference2 += reference2[j];
        totals->candidate2 += candidate2[j];
        totals->difference2 += difference2[j];
        totals->product += product[j];
    }
    totals->max_abs = number(apart_max);
    totals->max_quotient = number(quotient_max);
    totals->reference_absmax = number(absmax);
    totals->max_ulp = ulp_max;
    return 1;
}
