//! Recorded contracts: what real programs answered, replayed against the doubles and against the real programs of today;
//! and that each wrong setting which was recorded makes the right scenarios fail.
//!
//! - `recording`: what was recorded, and what is observed, in one form
//! - `walk`: the walk of the recorder, on a stack that stands
//! - `compare`, `shapes`: what differs; pure
//! - `settings`: what was set wrong, as values
//! - `programs`: the stacks that are held against it

mod compare;
mod programs;
mod recording;
mod settings;
mod shapes;
#[path = "../support/mod.rs"]
mod support;
mod walk;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use edge_smoke::stack::Product;
use libtest_mimic::{Arguments, Trial};
use scenario::model::Service;

use programs::{Program, directory};
use recording::{Recording, needs_ci, recorded};
use settings::{SETTINGS, Setting};

fn main() {
    let arguments = Arguments::from_args();
    let real = programs::real_forge();
    support::require("containers", real.as_ref().map(|_| ()).map_err(Clone::clone));
    let doubles = [Product::Gitea, Product::Forgejo].map(Program::Embedded);
    let mut trials = vec![Trial::test("every_recording_has_its_setting", || {
        every_recording_has_its_setting();
        Ok(())
    })];
    for program in doubles.into_iter().chain(real.ok().map(Program::Containers)) {
        trials.extend(contracts(program));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Each entry of each recording of the forge that the program has, as a test. The stack is stood up once a recording.
fn contracts(program: Program) -> Vec<Trial> {
    let has_ci = program.services().contains(&Service::Ci);
    let recordings = Arc::new(recorded(directory(program.forge())));
    let mut trials = Vec::new();
    for (name, recording) in recordings.iter() {
        let setting = settings::named(name).unwrap_or_else(|| panic!("{name} has no setting"));
        if setting.needs_ci && !has_ci {
            continue;
        }
        let walked: Arc<OnceLock<Result<Recording, String>>> = Arc::default();
        for entry in recordings["healthy"].keys().filter(|entry| compare::is_compared(entry)) {
            if needs_ci(entry) && !has_ci {
                continue;
            }
            let (recorded, walked, name) = (recording.get(entry).cloned(), walked.clone(), entry.clone());
            let trial = format!("{program}::{}::{entry}", setting.name);
            trials.push(Trial::test(trial, move || {
                let observed = walked
                    .get_or_init(|| program.with(&setting.options(), async |stack| walk::walk(stack.site()).await));
                let differences = compare::differences(recorded.as_ref(), observed.as_ref()?.get(&name));
                if differences.is_empty() { Ok(()) } else { Err(differences.join("\n").into()) }
            }));
        }
    }
    trials
}

/// And no setting is there that nobody recorded.
fn every_recording_has_its_setting() {
    let recordings: BTreeSet<String> =
        ["gitea", "forgejo"].iter().flat_map(|forge| recorded(forge).into_keys()).collect();
    let settings: BTreeSet<String> = SETTINGS.iter().map(|setting: &Setting| setting.name.to_owned()).collect();
    assert_eq!(recordings, settings);
}
