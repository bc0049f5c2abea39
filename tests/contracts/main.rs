//! Recorded contracts: what real programs answered, replayed against the doubles and against the real programs of today;
//! and that each wrong setting which was recorded makes the right scenarios fail.
//!
//! - `recording`: what was recorded, and what is observed, in one form
//! - `walk`: the walk of the recorder, on a stack that stands
//! - `compare`, `shapes`: what differs; pure
//! - `api`: REST calls that were recorded, made again
//! - `settings`: what was set wrong, as values
//! - `shipped`: the shipped scenarios, run on a stack that stands
//! - `upgrade`: two healthy runs, compared as an upgrade's are
//! - `programs`: the stacks that are held against it

mod api;
mod compare;
mod programs;
mod proofs;
mod recording;
mod settings;
mod shapes;
mod shipped;
#[path = "../support/mod.rs"]
mod support;
mod upgrade;
mod walk;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use edge_smoke::stack::{Product, StackOptions};
use libtest_mimic::{Arguments, Failed, Trial};
use scenario::model::{Mode, Service};

use programs::{Program, directory};
use recording::{Recording, needs_ci, recorded};
use settings::Setting;

fn main() {
    let arguments = Arguments::from_args();
    let real = programs::in_containers();
    support::require("containers", real.as_ref().map(|_| ()).map_err(Clone::clone));
    let doubles = [Product::Gitea, Product::Forgejo].map(Program::Embedded);
    let mut trials = vec![Trial::test("every_recording_has_its_setting", run(every_recording_has_its_setting))];
    trials.extend(proofs());
    for program in doubles.into_iter().chain(real.ok()) {
        trials.extend(contracts(program));
        trials.extend(scenarios(program));
        trials.extend(calls(program));
        trials.push(two_healthy_runs_differ_in_nothing(program));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn proofs() -> Vec<Trial> {
    macro_rules! proofs {
        ($($name:ident),+) => { vec![$(Trial::test(concat!("proofs::", stringify!($name)), run(proofs::$name))),+] };
    }
    proofs![
        a_recording_does_not_differ_from_itself,
        every_wrong_setting_differs_from_the_healthy_one,
        every_fact_that_is_changed_is_seen,
        random_values_are_known_by_their_shape_and_by_no_less,
        the_origin_is_mapped_wherever_it_stands,
        hashed_names_may_differ_and_their_prefix_and_answer_may_not
    ]
}

/// A test that panics where it fails.
fn run(test: fn()) -> impl FnOnce() -> Result<(), Failed> + Send + 'static {
    move || {
        test();
        Ok(())
    }
}

/// Each entry of each recording of the forge that the program has, as a test. The stack is stood up once a recording.
fn contracts(program: Program) -> Vec<Trial> {
    let has_ci = program.services().contains(&Service::Ci);
    let recordings = Arc::new(recorded(directory(program.forge())));
    let mut trials = Vec::new();
    for setting in settings::all().into_iter().filter(|setting| has_ci || !setting.needs_ci()) {
        let Some(recording) = recordings.get(setting.name) else { continue };
        let setting = Arc::new(setting);
        let walked: Arc<OnceLock<Result<Recording, String>>> = Arc::default();
        for entry in recordings["healthy"].keys().filter(|entry| compare::is_compared(entry)) {
            if needs_ci(entry) && !has_ci {
                continue;
            }
            let (recorded, walked, name) = (recording.get(entry).cloned(), walked.clone(), entry.clone());
            let setting = setting.clone();
            let trial = format!("{program}::{}::{entry}", setting.name);
            trials.push(Trial::test(trial, move || {
                let observed = walked
                    .get_or_init(|| program.with(&setting.options(), async |stack| walk::walk(stack.site()).await));
                let observed = observed.as_ref()?.get(&name);
                let differences = compare::differences(recorded.as_ref(), observed);
                // Doubles are held to the very version that was recorded.
                let is_put_right = matches!(program, Program::Containers { .. })
                    && recorded
                        .as_ref()
                        .and_then(compare::with_icon_put_right)
                        .is_some_and(|recorded| compare::differences(Some(&recorded), observed).is_empty());
                if differences.is_empty() || is_put_right { Ok(()) } else { Err(differences.join("\n").into()) }
            }));
        }
    }
    trials
}

/// Each recorded call of the REST APIs, as a test. They are made in their order, once a program.
fn calls(program: Program) -> Vec<Trial> {
    let has_ci = program.services().contains(&Service::Ci);
    let called: Arc<OnceLock<Result<api::Differences, String>>> = Arc::default();
    let trial = |row: api::Row| {
        let called = called.clone();
        Trial::test(format!("{program}::api::{}", row.what), move || {
            let replay =
                || program.with(&api::options(), async |stack| api::replay(stack.site(), program.forge()).await);
            match called.get_or_init(replay).as_ref()?.get(&row.what) {
                Some(differences) if differences.is_empty() => Ok(()),
                Some(differences) => Err(differences.join("\n").into()),
                None => Err("it was not made".into()),
            }
        })
    };
    // The forge's double learns its API together with there being a CI that calls it.
    let is_there = |row: &api::Row| has_ci || (matches!(program, Program::Containers { .. }) && !row.needs_ci());
    api::rows().into_iter().filter(is_there).map(trial).collect()
}

/// With each wrong setting the right scenarios fail and no others, as a test. In containers those about the CI are tried where it is
/// Woodpecker: its double says no more there than in the embedded stack.
fn scenarios(program: Program) -> Vec<Trial> {
    let has_ci = program.services().contains(&Service::Ci);
    let applies = |setting: &Setting| match program {
        Program::Embedded(_) => has_ci || !setting.needs_ci(),
        Program::Containers { has_real_ci, .. } => has_real_ci || !setting.needs_ci(),
    };
    let trial = |setting: Setting| {
        Trial::test(format!("{program}::{}::the_right_scenarios_fail", setting.name), move || {
            let outcomes = program.with(&setting.options(), async |stack| shipped::run(stack, program.kind()).await)?;
            let expected = setting.fails(program.forge());
            let unknown: Vec<_> = expected.iter().filter(|name| !outcomes.contains_key(**name)).collect();
            let failed = shipped::failed(&outcomes);
            if failed == expected && unknown.is_empty() && !outcomes.is_empty() {
                return Ok(());
            }
            let why = shipped::failures(&outcomes);
            Err(format!("expected to fail {expected:?} (not there: {unknown:?}), failed {failed:?}\n{why}").into())
        })
    };
    settings::all().into_iter().filter(applies).map(trial).collect()
}

/// What is made anew in each run (ports, identifiers, secrets, hashes) is no change.
fn two_healthy_runs_differ_in_nothing(program: Program) -> Trial {
    Trial::test(format!("{program}::upgrade::two_healthy_runs_differ_in_nothing"), move || {
        let options = StackOptions::new(Mode::Subpath);
        let run = || program.with(&options, async |stack| upgrade::walked(stack, program.kind()).await);
        let (then, now) = (run()?, run()?);
        let told = upgrade::told(&then, &now);
        if told.is_empty() { Ok(()) } else { Err(format!("{told:#?}").into()) }
    })
}

/// And no setting is there that nobody recorded.
fn every_recording_has_its_setting() {
    let recordings: BTreeSet<String> =
        ["gitea", "forgejo"].iter().flat_map(|forge| recorded(forge).into_keys()).collect();
    let settings: BTreeSet<String> = settings::all().iter().map(|setting| setting.name.to_owned()).collect();
    assert_eq!(recordings, settings);
}
