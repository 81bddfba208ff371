//! What the paper says of real images, measured on handwritten digits instead.
use super::{
    claims::{each, told},
    digits::{self, Recipe},
};
use crate::{
    claim::{Check, Claim, Measured},
    error::Result,
    models::stats::spread,
};

/// Claims on digits.
pub fn all() -> Vec<Claim> {
    vec![
        Claim {
            id: "digits_separate",
            sentence: "On real images, too, separate coefficients do as well as equal ones.",
            published: "similar accuracy on CIFAR-10, qualitatively",
            source: "section 1",
            protocol: "Ours: 200 of 1,797 digits of 8 × 8 pixels, a network of 9 thousand weights, 1600 steps, \
                       5 seeds; tested on all others. Holds if λ_x = 0.6, λ_y = 0.8 is at most one point of \
                       accuracy below λ = 0.6 on average.",
            quick: false,
            measure: |check| Box::pin(digits_separate(check)),
        },
        Claim {
            id: "digits_stopped",
            sentence: "On real images, too, Mixup may be stopped half-way.",
            published: "as good as never stopping, or better, on CIFAR-10, qualitatively",
            source: "CIFAR-10 experiments",
            protocol: "As the claim above. Holds if λ = 0.6 stopped at step 800 of 1600 is at least as accurate \
                       as never stopped, on average.",
            quick: false,
            measure: |check| Box::pin(digits_stopped(check)),
        },
        Claim {
            id: "digits_gain",
            sentence: "Mixup with equal coefficients is more accurate than standard training.",
            published: "on CIFAR-10, qualitatively",
            source: "introduction",
            protocol: "As the claim above: λ = 0.6 to the end against standard training. Holds if it is more \
                       accurate on average.",
            quick: false,
            measure: |check| Box::pin(digits_gain(check)),
        },
    ]
}

/// Steps of a training on digits.
const DIGIT_STEPS: usize = 1600;

const PLAIN: Recipe = Recipe { name: "standard", lambda: [1.0; 2], stop: 0 };
const MIXED: Recipe = Recipe { name: "Mixup", lambda: [0.6; 2], stop: usize::MAX };

/// Test accuracies of two ways of training on digits, by seed.
async fn on_digits(check: &Check, ways: [Recipe; 2]) -> Result<[Vec<f32>; 2]> {
    let mut found = [vec![], vec![]];
    for seed in 1..=5_u32 {
        for (way, recipe) in ways.iter().enumerate() {
            let part = (2 * (seed as usize - 1) + way) as f64 / 10.0;
            let sizes = (200, DIGIT_STEPS, u64::from(seed));
            found[way].push(digits::accuracy(check, recipe, sizes, [part, part + 0.1]).await?);
        }
    }
    Ok(found)
}

async fn digits_separate(check: Check) -> Result<Measured> {
    let separate = Recipe { name: "separate", lambda: [0.6, 0.8], ..MIXED };
    let [equal, apart] = on_digits(&check, [MIXED, separate]).await?;
    Ok(Measured {
        here: format!("equal {}, separate {}", told(&equal), told(&apart)),
        holds: spread(&apart).0 >= spread(&equal).0 - 0.01,
        detail: format!("by seed: equal {}; separate {}", each(&equal), each(&apart)),
    })
}

async fn digits_stopped(check: Check) -> Result<Measured> {
    let stopped = Recipe { name: "stopped", stop: DIGIT_STEPS / 2, ..MIXED };
    let [whole, stopped] = on_digits(&check, [MIXED, stopped]).await?;
    Ok(Measured {
        here: format!("stopped {}, never {}", told(&stopped), told(&whole)),
        holds: spread(&stopped).0 >= spread(&whole).0,
        detail: format!("by seed: stopped {}; never {}", each(&stopped), each(&whole)),
    })
}

async fn digits_gain(check: Check) -> Result<Measured> {
    let [plain, mixed] = on_digits(&check, [PLAIN, MIXED]).await?;
    Ok(Measured {
        here: format!("standard {}, Mixup {}", told(&plain), told(&mixed)),
        holds: spread(&mixed).0 > spread(&plain).0,
        detail: format!("by seed: standard {}; Mixup {}", each(&plain), each(&mixed)),
    })
}
