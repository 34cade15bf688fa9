"""Which system tests show a case with the one client that the suite has: what `make test` would notice by itself.

Cases that are not here are shown by `python -m tests.clients` alone.
"""

from __future__ import annotations

from typing import Final

SHOWN_BY: Final[dict[int, tuple[str, ...]]] = {
    1: ("test_a_build_gives_an_image_and_the_next_one_is_cached",),
    2: ("test_a_build_gives_an_image_and_the_next_one_is_cached",),
    3: ("test_a_quiet_build_says_the_image_and_nothing_else",),
    4: ("test_a_build_gives_an_image_and_the_next_one_is_cached",),
    5: ("test_a_build_gives_an_image_and_the_next_one_is_cached",),
    6: ("test_arguments_targets_labels_and_several_names",),
    7: ("test_arguments_targets_labels_and_several_names", "test_steps_get_the_limits_that_were_asked_for"),
    8: ("test_only_the_named_stage_is_built_anew",),
    9: ("test_what_fails_says_so_in_the_words_people_search_for",),
    10: ("test_a_line_that_is_no_instruction_is_marked",),
    11: ("test_a_failing_step_is_shown_with_its_lines",),
    12: ("test_what_fails_is_marked_where_it_stands",),
    13: ("test_what_is_missing_is_told_in_docker_s_words",),
    14: ("test_what_fails_is_marked_where_it_stands",),
    15: ("test_what_fails_says_so_in_the_words_people_search_for",),
    16: ("test_the_dockerfile_and_the_context_come_from_the_pipe",),
    17: ("test_the_dockerfile_and_the_context_come_from_the_pipe",),
    18: ("test_the_dockerfile_and_the_context_come_from_the_pipe",),
    19: ("test_a_dockerfile_that_is_elsewhere_brings_its_own_ignore_rules",),
    20: ("test_ignore_rules_and_files_given_back",),
    21: ("test_a_dockerfile_that_is_ignored_builds_and_is_not_copied",),
    22: ("test_secrets_and_contexts_with_names",),
    23: ("test_what_is_missing_is_told_in_docker_s_words",),
    24: ("test_an_agent_is_for_the_step_alone",),
    25: ("test_what_is_missing_is_told_in_docker_s_words",),
    26: ("test_secrets_and_contexts_with_names",),
    27: ("test_ignore_rules_and_files_given_back",),
    28: ("test_an_archive_holds_all_platforms_and_a_directory_one_for_each",),
    29: ("test_an_archive_holds_all_platforms_and_a_directory_one_for_each",),
    30: ("test_what_one_engine_built_another_finds", "test_an_image_says_itself_which_steps_made_it"),
    31: ("test_an_index_of_two_platforms_and_what_is_attested_of_them_is_pushed",),
    32: ("test_a_base_behind_a_password_is_fetched_by_who_logged_in",),
    33: ("test_what_fails_says_so_in_the_words_people_search_for",),
    34: ("test_a_dockerfile_is_checked_and_asked_without_being_built",),
    35: ("test_a_dockerfile_is_checked_and_asked_without_being_built",),
    36: ("test_targets_that_build_on_each_other",),
    37: ("test_the_services_of_a_compose_file_are_baked_together",),
    38: ("test_who_gives_up_leaves_nothing_running",),
    39: ("test_what_changed_is_all_that_is_sent", "test_many_builds_that_end_together_all_end_well"),
    40: ("test_the_house_can_be_looked_at",),
    41: ("test_an_index_of_two_platforms_and_what_is_attested_of_them_is_pushed",),
    42: ("test_an_oci_layout_is_a_context",),
}
