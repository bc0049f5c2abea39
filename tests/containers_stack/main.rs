//! The containers stack on a real engine. Without one, or without its images, the tests are ignored, or fail where
//! `EDGE_SMOKE_REQUIRE` names `containers`.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod helpers;
#[cfg(test)]
mod https;
#[cfg(test)]
mod journeys;
#[cfg(test)]
mod pivot;
#[cfg(test)]
mod program;
#[cfg(test)]
mod proving;
#[cfg(test)]
mod restarting;
#[cfg(test)]
mod standing;
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod sweeping;
#[cfg(test)]
mod switching;

use bollard::Docker;
use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

/// A test for each function named, given the engine.
macro_rules! trials {
    ($engine:expr; $($module:ident: $($name:ident),+;)+) => {
        vec![$($(trial(concat!(stringify!($module), "::", stringify!($name)), $engine, $module::$name)),+),+]
    };
}

fn main() {
    let mut arguments = Arguments::from_args();
    // One at a time: what one leaves must not be taken for another's.
    arguments.test_threads = Some(1);
    let engine = runtime().block_on(helpers::engine_with_images());
    support::require("containers", engine.as_ref().map(|_| ()).map_err(Clone::clone));
    let mut trials = trials![engine.as_ref().ok();
        standing: the_stack_stands_is_reached_on_loopback_alone_and_leaves_nothing, a_stack_that_does_not_come_up_says_why_and_leaves_nothing, a_stack_that_is_called_off_leaves_nothing_wherever_it_was, a_stack_that_is_dropped_leaves_nothing, a_stack_that_is_kept_stays_until_its_commands_are_run, a_start_that_is_dropped_half_way_leaves_nothing, an_overlaid_setting_reaches_the_service, in_subdomain_mode_each_service_has_its_host, an_image_that_cannot_be_had_is_named_with_what_to_do;
        program: a_root_url_that_loses_its_prefix_is_located, ctrl_c_while_it_comes_up_leaves_nothing, sigterm_while_journeys_run_leaves_nothing, ctrl_c_while_a_fix_is_tried_leaves_nothing;
        proving: two_faults_come_off_one_after_the_other, a_route_is_put_right, a_directive_is_taken_out;
        pivot: a_kept_stack_is_changed_over_and_put_back_where_the_scenarios_fail, where_no_stack_is_left_standing_one_is_stood_up_and_left;
        restarting: a_container_that_is_restarted_is_not_the_one_that_was_there;
        https: caddy_takes_its_certificate_and_the_forge_trusts_it;
        switching: a_stack_is_switched_and_switched_back, over_https_too, a_change_that_fails_its_check_leaves_the_stack_as_it_was, the_ci_is_switched_along_and_put_back_with_the_secret_of_the_day, the_chat_is_switched_along_also_when_it_was_kept;
        faults: a_meddler_and_another_text_stand_before_and_after_a_change, a_text_that_is_not_there_and_one_that_the_edge_refuses_leave_nothing;
        sweeping: what_a_killed_run_left_is_swept_away_and_nothing_else, what_a_run_leaves_that_is_killed_the_next_one_removes;
    ];
    // This is about there being no engine.
    let name = "standing::without_an_engine_it_is_said_at_once_where_one_was_looked_for";
    trials.push(Trial::test(name, || {
        standing::without_an_engine_it_is_said_at_once_where_one_was_looked_for();
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial<F>(name: &str, engine: Option<&Docker>, test: fn(Docker) -> F) -> Trial
where
    F: Future<Output = ()> + 'static,
{
    let engine = engine.cloned();
    let ignored = engine.is_none();
    let run = move || {
        if let Some(engine) = engine {
            runtime().block_on(test(engine));
        }
        Ok(())
    };
    Trial::test(name, run).with_ignored_flag(ignored)
}

fn runtime() -> Runtime {
    Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"))
}
