//! One report from several.

use edge_smoke::report::merge::MergeError;
use edge_smoke::report::{Format, Report, Style, merge};
use proptest::prelude::*;
use verdict::Verdict;
use verdict::evidence::{Mode, StackKind};

use crate::play::{Run, play};
use crate::runs::{errored, failing, mixed, passing};

fn on(kind: StackKind, run: Run) -> Report {
    let mut report = run.report();
    if let Some(stack) = &mut report.stack {
        stack.kind = kind;
    }
    report
}

fn idle() -> Report {
    on(StackKind::Containers, Run { journeys: Vec::new(), ..failing() })
}

#[test]
fn the_highest_verdict_counts() {
    let part = |verdict: Verdict| Report { verdict, ..on(StackKind::Containers, failing()) };
    for left in Verdict::ALL {
        for right in Verdict::ALL {
            let merged = merge(vec![part(*left), part(*right)]).expect("one report");
            let expected = left.exit_code().max(right.exit_code());
            assert_eq!(merged.verdict.exit_code(), expected, "{left:?} and {right:?}");
        }
    }
}

#[test]
fn scenarios_and_findings_come_together_and_the_same_cause_is_one_finding() {
    let pass = on(StackKind::Containers, passing());
    let fail = on(StackKind::Containers, failing());
    let mut again = fail.clone();
    again.findings[0].scenarios = vec!["Another".into()];
    let merged = merge(vec![pass.clone(), fail.clone(), again]).expect("one report");
    assert_eq!(merged.verdict, Verdict::Fix);
    assert_eq!(merged.scenarios.len(), pass.scenarios.len() + 2 * fail.scenarios.len());
    assert_eq!(merged.findings.len(), 1);
    assert_eq!(merged.findings[0].scenarios, ["Another", "Forge login under its prefix"]);
    assert!(merged.reason.starts_with("Of 3 parts, 2 are FIX, the first because: "), "{}", merged.reason);
    let names: Vec<_> = merged.stack.expect("a stack").services.into_iter().map(|service| service.name).collect();
    assert_eq!(names, ["edge", "forge", "staging"]);
}

#[test]
fn time_runs_from_the_first_start_to_the_last_end() {
    let first = on(StackKind::Containers, passing());
    let mut second = first.clone();
    second.started = "2026-11-21T02:03:06.5Z".parse().expect("a point in time");
    let merged = merge(vec![second, first.clone()]).expect("one report");
    assert_eq!(merged.started, first.started);
    assert!((merged.duration_ms - 3240.0).abs() < 0.001, "{}", merged.duration_ms);
}

#[test]
fn a_part_with_nothing_to_run_does_not_count_beside_one_that_ran() {
    let pass = on(StackKind::Containers, passing());
    let merged = merge(vec![idle(), pass]).expect("one report");
    assert_eq!((merged.verdict, merged.findings.len()), (Verdict::Pass, 0));
    assert_eq!(merge(vec![idle(), idle()]).expect("one report").verdict, Verdict::Inconclusive);
}

#[test]
fn a_stack_that_did_not_stand_makes_the_whole_inconclusive() {
    let merged = merge(vec![on(StackKind::Containers, passing()), errored().report()]).expect("one report");
    assert_eq!(merged.verdict, Verdict::Inconclusive);
    assert!(merged.reason.starts_with("Of 2 parts, one is INCONCLUSIVE: "), "{}", merged.reason);
}

#[test]
fn different_stacks_do_not_mix() {
    let containers = on(StackKind::Containers, passing());
    let error = merge(vec![containers.clone(), passing().report()]).expect_err("two kinds");
    assert_eq!(
        error.to_string(),
        "report 2 ran on a stack of kind embedded in mode subpath, the ones before on a stack of kind containers in \
         mode subpath; merge only shards of one run"
    );
    let mut subdomain = containers.clone();
    if let Some(stack) = &mut subdomain.stack {
        stack.mode = Mode::Subdomain;
    }
    assert!(matches!(merge(vec![containers, subdomain]), Err(MergeError::Mixed { place: 2, .. })));
    let mut elsewhere = mixed().report();
    if let Some(stack) = &mut elsewhere.stack {
        stack.base_url = "https://other.test".into();
    }
    assert!(merge(vec![mixed().report(), mixed().report()]).is_ok());
    assert!(matches!(merge(vec![mixed().report(), elsewhere]), Err(MergeError::Mixed { .. })));
    assert_eq!(merge(Vec::new()), Err(MergeError::Nothing));
}

fn parts() -> impl Strategy<Value = Vec<Report>> {
    let part = prop_oneof![
        Just(on(StackKind::Containers, passing())),
        Just(on(StackKind::Containers, failing())),
        Just(errored().report()),
        Just(idle()),
    ];
    proptest::collection::vec(part, 1..6)
}

proptest! {
    #[test]
    fn one_part_stays_as_it_is_and_none_is_lost(parts in parts()) {
        let merged = merge(parts.clone()).expect("one report");
        prop_assert_eq!(merged.scenarios.len(), parts.iter().map(|part| part.scenarios.len()).sum::<usize>());
        let alone = merge(vec![parts[0].clone()]).expect("one report");
        prop_assert_eq!(&alone, &parts[0]);
    }

    #[test]
    fn the_verdict_does_not_depend_on_order_or_grouping(
        (parts, shuffled) in parts().prop_flat_map(|parts| (Just(parts.clone()), Just(parts).prop_shuffle())),
        cut in any::<prop::sample::Index>(),
    ) {
        let verdict = merge(parts).expect("one report").verdict;
        prop_assert_eq!(merge(shuffled.clone()).expect("one report").verdict, verdict);
        let cut = cut.index(shuffled.len());
        let (left, right) = shuffled.split_at(cut);
        let halves = [left, right].into_iter().filter(|half| !half.is_empty());
        let halves: Vec<Report> = halves.map(|half| merge(half.to_vec()).expect("one report")).collect();
        prop_assert_eq!(merge(halves).expect("one report").verdict, verdict);
    }
}

/// Shards whose stack never stood and in which nothing was tried leave little to tell, and no empty line above it.
#[test]
fn an_empty_report_starts_with_what_there_is() {
    let run = Run { journeys: Vec::new(), notices: Vec::new(), progress: Vec::new(), ..errored() };
    let told = play(&run, Format::Human, Style::PLAIN).out;
    assert!(told.starts_with("finding stack/failed"), "{told}");
}
