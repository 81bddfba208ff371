//! Seeded random numbers, equal on every target and device: Threefry-2x32-20.
//!
//! Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3". The generator is
//! a function of a key and a counter, without state: the CPU's kernels and the GPU's shaders compute
//! any number of any step on its own, and [`Stream`] walks the same function in order.
//!
//! `Stream` implements `rand_core`'s traits. Distributions of `rand_distr` that need `exp` or `ln`
//! take the platform's natively (another dependency turns `num-traits/std` on), so they differ in
//! wasm: draw [`Stream::normal`] and the like from here.
use std::convert::Infallible;

use rand_core::TryRng;

/// The 20-round Threefry block function of Random123: two words from a key and a counter.
#[inline]
pub fn threefry2x32(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    /// Rotations of eight consecutive rounds; Table 3 of the paper.
    const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
    /// Threefish's key parity constant, for 32-bit words.
    const PARITY: u32 = 0x1bd1_1bda;
    let keys = [key[0], key[1], PARITY ^ key[0] ^ key[1]];
    let mut a = counter[0].wrapping_add(keys[0]);
    let mut b = counter[1].wrapping_add(keys[1]);
    for group in 0..5 {
        for rotation in ROTATIONS[group % 2] {
            a = a.wrapping_add(b);
            b = b.rotate_left(rotation) ^ a;
        }
        a = a.wrapping_add(keys[(group + 1) % 3]);
        b = b.wrapping_add(keys[(group + 2) % 3]).wrapping_add(group as u32 + 1);
    }
    [a, b]
}

/// The key of the stream that serves one purpose under one seed.
///
/// The purpose is hashed by 64-bit FNV-1a and enciphered under the seed, so that different
/// purposes of one seed never share a key, and nearby seeds have unrelated ones.
pub fn stream_key(seed: u64, purpose: &str) -> [u32; 2] {
    let hash = purpose.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    threefry2x32(words(seed), words(hash))
}

/// A uniform number in `[0, 1)`, a multiple of `2^-24`, from the top 24 bits of a random word.
#[inline]
pub fn unit(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// The lower and the upper half of a `u64`.
fn words(x: u64) -> [u32; 2] {
    [x as u32, (x >> 32) as u32]
}

/// A sequence of random numbers for one purpose, given by seed and purpose alone.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    /// Blocks drawn so far.
    counter: u64,
    /// Second word of the last block, if not yet given out.
    spare: Option<u32>,
}

impl Stream {
    /// The stream at its beginning.
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self { key: stream_key(seed, purpose), counter: 0, spare: None }
    }

    /// The next random word.
    pub fn next_u32(&mut self) -> u32 {
        if let Some(word) = self.spare.take() {
            return word;
        }
        let [first, second] = threefry2x32(self.key, words(self.counter));
        self.counter = self.counter.wrapping_add(1);
        self.spare = Some(second);
        first
    }

    /// The next two random words, the first one the lower.
    pub fn next_u64(&mut self) -> u64 {
        let low = u64::from(self.next_u32());
        low | u64::from(self.next_u32()) << 32
    }

    /// A uniform number in `[0, 1)`, a multiple of `2^-24`.
    pub fn uniform(&mut self) -> f32 {
        unit(self.next_u32())
    }

    /// A uniform number in `[0, 1)`, a multiple of `2^-53`.
    pub fn uniform_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// A uniform whole number in `0..n`, without bias; `n` is from 1 to `2^32 - 1`.
    ///
    /// Lemire 2019, "Fast random integer generation in an interval", Algorithm 5.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(u32::try_from(n).is_ok_and(|n| n > 0), "below({n}): not in 1..2^32");
        let n = n as u32;
        let threshold = n.wrapping_neg() % n;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(n);
            if product as u32 >= threshold {
                return (product >> 32) as usize;
            }
        }
    }

    /// A standard normal number; [`Stream::normal_f64`] rounded.
    pub fn normal(&mut self) -> f32 {
        self.normal_f64() as f32
    }

    /// A standard normal number, by the cosine branch of Box and Muller's transform.
    pub fn normal_f64(&mut self) -> f64 {
        // 1 - u lies in (0, 1], where the logarithm is finite.
        let radius = (-2.0 * libm::log(1.0 - self.uniform_f64())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.uniform_f64())
    }

    /// Brings the items into a uniformly random order.
    ///
    /// Fisher & Yates, in Durstenfeld's form.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        rand_core::utils::fill_bytes_via_next_word(bytes, || self.try_next_u32())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers of Random123's `kat_vectors`, threefry2x32 20.
    #[test]
    fn threefry_gives_the_published_words() {
        let cases = [
            ([0, 0], [0, 0], [0x6b20_0159, 0x99ba_4efe]),
            ([u32::MAX; 2], [u32::MAX; 2], [0x1cb9_96fc, 0xbb00_2be7]),
            ([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3], [0xc492_3a9c, 0x483d_f7a0]),
        ];
        for (key, counter, words) in cases {
            assert_eq!(threefry2x32(key, counter), words, "key {key:x?} counter {counter:x?}");
        }
    }

    #[test]
    fn a_stream_is_given_by_seed_and_purpose() {
        let draw = |seed, purpose| {
            let mut stream = Stream::new(seed, purpose);
            (0..5).map(|_| stream.next_u32()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, "points"), draw(7, "points"));
        assert_ne!(draw(7, "points"), draw(8, "points"));
        assert_ne!(draw(7, "points"), draw(7 << 32, "points"));
        assert_ne!(draw(7, "points"), draw(7, "point"));
        assert_ne!(draw(7, ""), draw(7, "a"));
    }

    #[test]
    fn words_are_the_blocks_in_order() {
        let (key, mut stream) = (stream_key(3, "order"), Stream::new(3, "order"));
        for block in 0..4 {
            let [first, second] = threefry2x32(key, [block, 0]);
            assert_eq!([stream.next_u32(), stream.next_u32()], [first, second], "block {block}");
        }
        let [first, second] = threefry2x32(key, [4, 0]);
        assert_eq!(stream.next_u64(), u64::from(second) << 32 | u64::from(first));
    }

    #[test]
    fn bytes_are_the_words_in_little_endian_order() {
        let mut bytes = [0; 10];
        let Ok(()) = Stream::new(1, "bytes").try_fill_bytes(&mut bytes);
        let mut stream = Stream::new(1, "bytes");
        let expected = (0..3).flat_map(|_| stream.next_u32().to_le_bytes()).take(10);
        assert!(expected.eq(bytes), "{bytes:?}");
    }

    #[test]
    fn unit_stays_below_one() {
        assert_eq!(unit(0), 0.0);
        assert_eq!(unit(u32::MAX), 1.0 - f32::EPSILON / 2.0);
        assert_eq!(unit(0x8000_0000), 0.5);
    }

    /// Mean and variance of a sample, which must lie within five standard errors.
    fn assert_moments(sample: impl Iterator<Item = f64>, mean: f64, variance: f64, kurtosis: f64) {
        let sample: Vec<f64> = sample.collect();
        let n = sample.len() as f64;
        let m = sample.iter().sum::<f64>() / n;
        let v = sample.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / n;
        assert!((m - mean).abs() < 5.0 * (variance / n).sqrt(), "mean {m}, not {mean}");
        let error = variance * ((kurtosis - 1.0) / n).sqrt();
        assert!((v - variance).abs() < 5.0 * error, "variance {v}, not {variance}");
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut stream = Stream::new(11, "moments");
        let n = 100_000;
        assert_moments((0..n).map(|_| stream.uniform().into()), 0.5, 1.0 / 12.0, 1.8);
        assert_moments((0..n).map(|_| stream.uniform_f64()), 0.5, 1.0 / 12.0, 1.8);
        assert_moments((0..n).map(|_| stream.normal_f64()), 0.0, 1.0, 3.0);
        assert_moments((0..n).map(|_| stream.normal().into()), 0.0, 1.0, 3.0);
        // A uniform whole number below 10: variance (10^2 - 1) / 12, kurtosis just under 1.8.
        assert_moments((0..n).map(|_| stream.below(10) as f64), 4.5, 99.0 / 12.0, 1.8);
    }

    #[test]
    fn below_reaches_all_and_only_its_range() {
        let mut stream = Stream::new(5, "below");
        let mut counts = [0; 7];
        for _ in 0..7000 {
            counts[stream.below(7)] += 1;
        }
        // Binomial(7000, 1/7) has standard deviation 29.
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
        assert!((0..10).all(|_| stream.below(1) == 0), "only zero is below one");
    }

    #[test]
    fn below_is_unbiased_where_most_words_are_rejected_or_doubled() {
        // For n = 3 * 2^30 a plain product maps 2^32 words onto n values: one third of the values
        // twice as often. Counting the residues mod 3 shows it: they would be 1/2, 1/4, 1/4.
        let mut stream = Stream::new(6, "bias");
        let mut counts = [0; 3];
        for _ in 0..9000 {
            counts[stream.below(3 << 30) % 3] += 1;
        }
        // Binomial(9000, 1/3) has standard deviation 45.
        assert!(counts.iter().all(|count| (2750..3250).contains(count)), "{counts:?}");
    }

    #[test]
    fn shuffle_reaches_every_order_equally() {
        let mut stream = Stream::new(9, "shuffle");
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6000 {
            let mut items = [0, 1, 2];
            stream.shuffle(&mut items);
            *counts.entry(items).or_insert(0) += 1;
        }
        // Binomial(6000, 1/6) has standard deviation 29.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
    }
}
