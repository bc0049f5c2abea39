//! What is refused, and how much of it: each by every way to the chat. Past the edge, so that the service itself refuses; by the in-process edge; and by a
//! real Caddy. Each room's refusals are its tests'; this is the list of them.

macro_rules! by_every_way {
    ($($room:ident: $($test:ident),+;)*) => {
        $($(mod $test {
            use crate::$room::$test as test;
            use crate::ways::Way;

            #[tokio::test]
            async fn directly() {
                test(Way::Direct).await;
            }

            #[tokio::test]
            async fn by_the_edge() {
                test(Way::Edge).await;
            }

            #[tokio::test]
            async fn by_caddy() {
                if Way::Caddy.is_possible() {
                    test(Way::Caddy).await;
                }
            }
        })+)*
    };
}

by_every_way! {
    sign_in: from_the_login_to_the_chat_and_out, a_sign_in_begins_another_session, a_session_ends_by_itself, a_callback_is_good_once, a_callback_is_good_once_at_the_same_moment_too, a_callback_is_good_in_its_browser_alone, several_tabs_sign_in, the_forges_errors, strangers_are_told_that_they_are, a_stale_client_secret_is_named, every_cookie_of_the_name_is_tried;
    broken_forge: whatever_it_does_nobody_gets_in_and_the_next_try_does, who_loses_patience_and_reloads_gets_in_once_it_is_back, the_forge_is_down_during_the_callback, what_is_no_forge_signs_nobody_in;
    gate: without_a_session_every_gated_path_is_401, the_401_of_people_and_of_programs, navigations_are_redirected_where_that_is_asked_for, who_loses_the_cookie_is_told, foreign_pages_change_nothing, a_forged_name_is_nobody, a_guess_of_the_secret_opens_nothing, different_secrets;
    history: nobody_reads_anothers;
    limits: the_refusal_says_when_to_come_back_and_survives_a_restart, foreign_pages_use_nobodys_limit_up;
    socket: only_the_own_page_of_somebody_signed_in_opens_it, what_is_no_handshake_is_told_so, a_turn_can_be_cancelled_by_its_person_alone, a_limit_that_is_reached_says_when_to_come_back, tokens_are_counted, the_session_s_end_closes_it, a_sign_out_closes_it, what_cannot_be_kept_is_not_asked, a_turn_that_nobody_comes_back_for_ends_and_the_history_says_so, the_service_s_end_lets_open_turns_finish_and_tells_the_others;
    seats: a_person_has_so_many_sockets_and_the_service_so_many,
        who_leaves_without_a_word_makes_room,
        a_refused_handshake_takes_no_seat;
    commands: whatever_it_does_it_is_told_and_written_down_and_the_next_turn_works,
        what_was_shown_before_it_failed_is_kept;
    hostile: words_that_are_not_understood_are_answered_and_nothing_else_happens, frames_that_may_not_be_close_it_with_the_reason, bytes_that_are_no_websocket_close_it, ten_thousand_messages_a_second_are_cut_off, a_message_without_an_end_is_given_up, who_is_silent_is_given_up, who_reads_nothing_holds_nobody_up;
    actions: two_clicks_are_one, nobody_acts_without_a_session_or_from_elsewhere, payloads_keep_to_their_schema_and_repositories_to_the_list, an_action_is_there_only_with_its_token, what_failed_can_be_tried_again_and_what_may_have_been_done_cannot, a_page_is_no_pipeline, clicks_count_as_requests, what_cannot_be_written_down_is_not_done;
}
