//! Random histories of a marketplace, each decision compared with what the specification's text says of it, read into plain
//! lists in memory.

mod oracle;
mod play;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::core::Core;
use crate::support::{Database, on_both};

pub const DAY: i64 = 86_400_000;

/// A licence's terms.
#[derive(Debug, Clone)]
pub struct Terms {
    pub expiry: Expiry,
    pub grace_days: i64,
    pub uses: i64,
}

#[derive(Debug, Clone)]
pub enum Expiry {
    Indefinite,
    /// So many days after `valid_from`.
    Relative(i64),
    /// So many milliseconds from when the licence was written.
    Absolute(i64),
}

/// How somebody asks.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    Once,
    Look,
    /// Twice in one batch.
    Batch,
    /// Twice under one key.
    Keyed,
}

/// What happens. Numbers choose among what there is; where there is nothing, nothing happens.
#[derive(Debug, Clone)]
pub enum Step {
    Pass(i64),
    License(Terms),
    ChangeLicense(usize, Terms),
    DropLicense(usize),
    Offer(usize, usize),
    DropOffer(usize),
    Entitle { user: usize, offer: usize, from: i64 },
    MoveEntitlement(usize, i64),
    DropEntitlement(usize),
    Claim { entitlement: usize, party: usize },
    DropClaim(usize),
    Join { user: usize, group: usize },
    Leave(usize),
    Above { parent: usize, child: usize },
    Apart(usize),
    Ask { party: usize, product: usize, quantity: i64, way: Way },
}

fn terms() -> impl Strategy<Value = Terms> {
    let expiry = prop_oneof![
        Just(Expiry::Indefinite),
        (0i64..3).prop_map(Expiry::Relative),
        prop::sample::select(vec![-DAY, 0, 1, DAY, 2 * DAY, 2 * DAY + 1]).prop_map(Expiry::Absolute),
    ];
    let uses = prop_oneof![Just(0), 1i64..9];
    (expiry, 0i64..3, uses).prop_map(|(expiry, grace_days, uses)| Terms { expiry, grace_days, uses })
}

fn step() -> impl Strategy<Value = Step> {
    let any = 0usize..1000;
    let pass = prop::sample::select(vec![1, DAY / 2 - 1, DAY / 2, DAY - 1, DAY]);
    let from = || prop::sample::select(vec![-2 * DAY, -DAY, -1, 0, 1, DAY]);
    let way = prop_oneof![4 => Just(Way::Once), 2 => Just(Way::Look), 1 => Just(Way::Batch), 1 => Just(Way::Keyed)];
    prop_oneof![
        5 => pass.prop_map(Step::Pass),
        3 => terms().prop_map(Step::License),
        2 => (any.clone(), terms()).prop_map(|(license, terms)| Step::ChangeLicense(license, terms)),
        1 => any.clone().prop_map(Step::DropLicense),
        5 => (any.clone(), any.clone()).prop_map(|(product, license)| Step::Offer(product, license)),
        1 => any.clone().prop_map(Step::DropOffer),
        7 => (any.clone(), any.clone(), from()).prop_map(|(user, offer, from)| Step::Entitle { user, offer, from }),
        1 => (any.clone(), from()).prop_map(|(entitlement, from)| Step::MoveEntitlement(entitlement, from)),
        1 => any.clone().prop_map(Step::DropEntitlement),
        9 => (any.clone(), any.clone()).prop_map(|(entitlement, party)| Step::Claim { entitlement, party }),
        1 => any.clone().prop_map(Step::DropClaim),
        3 => (any.clone(), any.clone()).prop_map(|(user, group)| Step::Join { user, group }),
        1 => any.clone().prop_map(Step::Leave),
        3 => (any.clone(), any.clone()).prop_map(|(parent, child)| Step::Above { parent, child }),
        1 => any.clone().prop_map(Step::Apart),
        35 => (any.clone(), any, 1i64..4, way)
            .prop_map(|(party, product, quantity, way)| Step::Ask { party, product, quantity, way }),
    ]
}

/// Plays so many histories. `MKT_TEST_SEED` has others than usual played.
async fn play_all(database: Database, cases: u32) {
    let core = Core::open(&database).await;
    let seed = std::env::var("MKT_TEST_SEED").map_or(5, |seed| seed.parse().unwrap());
    let config = Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 300,
        ..Config::default()
    };
    let handle = tokio::runtime::Handle::current();
    let played = tokio::task::spawn_blocking(move || {
        TestRunner::new(config).run(&prop::collection::vec(step(), 40..90), |steps| {
            handle.block_on(play::play(&core, &steps)).map_err(TestCaseError::fail)
        })
    });
    if let Err(error) = played.await.unwrap() {
        panic!("seed {seed}: {error}");
    }
}

on_both! {
    async fn the_marketplace_decides_as_the_specification_says(database: Database) {
        let cases = if database.url.starts_with("sqlite") { 32 } else { 12 };
        play_all(database, cases).await;
    }
}
