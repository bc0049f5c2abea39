//! Whatever is wrong and whatever is proposed: the proof ends, and claims nothing that isn't so.

use std::collections::BTreeSet;

use proptest::prelude::*;
use verdict::evidence::Mode;
use verdict::{Change, Proof, Verdict};

use super::proposals::{Proposal, rules, setting};
use super::script::{Effect, World};

const CODES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Up to three faults in up to four scenarios, and fixes of which each does something or nothing.
fn worlds() -> impl Strategy<Value = World> {
    let few = || proptest::collection::btree_set(0..3usize, 0..3);
    let scenarios = proptest::collection::vec(proptest::collection::vec(few(), 1..4), 1..5);
    let effect = (few(), proptest::collection::btree_set(3..6usize, 0..2), proptest::bool::weighted(0.1));
    let effects = proptest::collection::vec(effect, CODES.len());
    (scenarios, few(), effects, 0..20usize).prop_map(|(scenarios, faults, effects, time)| {
        let effect = |(cures, breaks, kills)| Effect { cures, breaks, kills };
        let effects = CODES.iter().zip(effects).map(|(code, given)| (setting(code), effect(given))).collect();
        // What the fixes break is needed by the last step of the last scenario.
        let mut scenarios: Vec<Vec<BTreeSet<usize>>> = scenarios;
        scenarios.last_mut().into_iter().flat_map(|steps| steps.last_mut()).for_each(|step| step.extend(3..6));
        World { scenarios, faults, effects, time, ..World::default() }
    })
}

fn proposals() -> impl Strategy<Value = Vec<Proposal>> {
    let all = || -> Vec<String> { (0..4).map(World::name).collect() };
    let one = proptest::sample::subsequence(all(), 1..=4);
    proptest::collection::vec(one, CODES.len()).prop_map(|given| {
        let proposal = |(code, scenarios): (&&'static str, Vec<String>)| Proposal {
            scenarios,
            ..Proposal::new(code, &[], vec![setting(code)])
        };
        CODES.iter().zip(given).map(proposal).collect()
    })
}

proptest! {
    #[test]
    fn it_ends_and_what_is_verified_was_wrong(world in worlds(), proposals in proposals()) {
        let outline = world.proved(&rules(proposals));
        let verified: Vec<Change> = outline
            .judgement
            .findings
            .iter()
            .filter(|finding| finding.proof == Proof::Verified)
            .flat_map(|finding| finding.fix.clone().unwrap().changes)
            .collect();
        for change in &verified {
            let effect = &world.effects[change];
            prop_assert!(!effect.kills, "{change:?} kills");
            prop_assert!(effect.cures.intersection(&world.faults).next().is_some(), "{change:?} cures nothing");
            prop_assert!(outline.applied.contains(change), "{change:?} isn't applied any more");
        }
        // Nothing that passed at first fails with what is verified.
        let before = world.seen(&[], Mode::Subpath);
        let after = world.seen(&verified, Mode::Subpath);
        for (before, after) in before.journeys.iter().zip(&after.journeys) {
            prop_assert!(before.outcome as u8 != 0 || after.outcome as u8 == 0, "{} is worse", after.name);
        }
        prop_assert!(outline.judgement.findings.iter().all(|finding| finding.proof != Proof::Refuted));
        prop_assert!(outline.judgement.verdict != Verdict::Pivot);
    }

    #[test]
    fn what_can_be_put_right_is(scenarios in proptest::collection::vec(
        proptest::collection::vec(proptest::collection::btree_set(0..3usize, 0..3), 1..4), 1..5), order in Just(CODES.to_vec()).prop_shuffle()) {
        // One right fix a fault, among as many that do nothing.
        let effects = (0..3).map(|fault| (setting(CODES[fault]), Effect { cures: [fault].into(), ..Effect::default() }));
        let world = World { scenarios, faults: (0..3).collect(), effects: effects.collect(), time: usize::MAX, ..World::default() };
        let all: Vec<String> = (0..4).map(World::name).collect();
        let proposals = order.iter().map(|code| Proposal { scenarios: all.clone(), ..Proposal::new(code, &[], vec![setting(code)]) });
        let outline = world.proved(&rules(proposals.collect()));
        prop_assert!(outline.passes, "{outline:?}");
        let good: Vec<Change> = CODES[..3].iter().map(|code| setting(code)).collect();
        prop_assert!(outline.applied.iter().all(|change| good.contains(change)), "{outline:?}");
    }
}
