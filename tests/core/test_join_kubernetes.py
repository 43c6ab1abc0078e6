"""Who is named for a field, and who is not, whatever stands around the real change in the log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drifttui.core.audit import ActorKind, Grade
from drifttui.core.audit_kubernetes import read_event
from drifttui.core.audit_redact import redacted
from drifttui.core.follow import operations_in
from drifttui.core.join import Answer, Evidence, who
from drifttui.core.resource_question import parse_resource
from drifttui.core.unseen import Log

from .audit_events import (
    ALICE,
    ARGOCD,
    BOB,
    CAROL,
    DEPLOYMENTS,
    REPLICAS_FIELD,
    START,
    deployment,
    event,
    owned,
    stamp,
)

WEB = parse_resource("apps/Deployment/prod/web")
REPLICAS, IMAGE = "/spec/replicas", "/spec/template/spec/containers/0/image"
KEY = b"k" * 32


def ask(
    *events: dict[str, Any],
    paths: tuple[str, ...] = (),
    live: dict[str, Any] | None = None,
    since: float | None = None,
    more: tuple[dict[str, Any], ...] = (),
) -> Answer:
    calls = [redacted(read_event(each), KEY) for each in events]
    others = [read_event(each) for each in more]
    operations = [entry for call in others for entry in operations_in(call)]
    deletions = [call for call in others if call.resource == "namespaces"]
    evidence = Evidence(live, operations, deletions, Log(START, START + timedelta(hours=1)))
    begin = START + timedelta(seconds=since) if since is not None else None
    return who(WEB, calls, evidence, paths=paths, since=begin)


def scale(user: str, replicas: int, at: float, **more: Any) -> dict[str, Any]:
    return event(user, at=at, sub="scale", body={"spec": {"replicas": replicas}}, **more)


def set_image(user: str, image: str, at: float, **more: Any) -> dict[str, Any]:
    body = {
        "spec": {
            "template": {
                "spec": {
                    "$setElementOrder/containers": [{"name": "web"}, {"name": "proxy"}],
                    "containers": [{"name": "web", "image": image}],
                }
            }
        }
    }
    return event(user, at=at, manager="kubectl-set", body=body, **more)


class TestNeverBlamed:
    @pytest.mark.parametrize(
        "confuser",
        [
            scale(BOB, 9, 2, dry_run=True),
            scale(BOB, 9, 2, code=403),
            scale(BOB, 9, 2, code=409),
            scale(BOB, 9, 2, code=422),
            event(BOB, "get", 2),
            event(DEPLOYMENTS, "update", 2, sub="status", body=deployment(9), answer=deployment(3)),
            event(BOB, "create", 2, sub="eviction", target={"resource": "pods", "apiGroup": ""}),
            event(BOB, "delete", 2, body={"kind": "DeleteOptions", "dryRun": ["All"]}),
            event(BOB, "create", 2, sub="exec", target={"resource": "pods", "apiGroup": ""}),
            scale(BOB, 9, 2, extra={"stage": "RequestReceived"}),
        ],
        ids=["dry run", "403", "409", "422", "read", "status", "eviction of a pod", "dry-run delete", "exec", "stage"],
    )
    def test_a_call_without_effect_after_the_real_one(self, confuser: dict[str, Any]) -> None:
        answer = ask(scale(ALICE, 9, 1), confuser, paths=(REPLICAS,))
        assert [line.actor.name for line in answer.lines] == [ALICE]

    def test_a_patch_that_sets_what_is_there_already(self) -> None:
        answer = ask(
            event(ARGOCD, "update", 0, body=deployment(3), answer=deployment(3, version=100)),
            set_image(ALICE, "web:2", 1, answer=deployment(3, "web:2", 101, 2)),
            set_image(BOB, "web:2", 2, answer=deployment(3, "web:2", 101, 2)),
            paths=(IMAGE,),
        )
        assert [line.actor.name for line in answer.lines] == [ALICE]
        assert any("changed nothing" in sentence and BOB in sentence for sentence in answer.set_aside)

    def test_a_controller_that_writes_the_whole_object_just_after(self) -> None:
        after = deployment(9, version=101, generation=2)
        noted = {**deployment(9, version=102, generation=2)}
        noted["metadata"] = {**noted["metadata"], "annotations": {"seen": "yes"}}
        answer = ask(
            event(ARGOCD, "update", 0, body=deployment(3), answer=deployment(3)),
            event(ALICE, "patch", 1, manager="kubectl-edit", body={"spec": {"replicas": 9}}, answer=after),
            event("system:serviceaccount:ops:annotator", "update", 2, agent="annotator/1", body=noted, answer=noted),
            paths=(REPLICAS,),
        )
        assert [line.actor.name for line in answer.lines] == [ALICE]
        assert answer.lines[0].via == "kubectl edit"

    def test_the_same_without_any_answer_in_the_log(self) -> None:
        """A whole object that somebody put names every field; that is no proof that it changed one."""
        answer = ask(
            event(ALICE, "patch", 1, manager="kubectl-edit", body={"spec": {"replicas": 9}}),
            event("system:serviceaccount:ops:annotator", "update", 2, agent="annotator/1", body=deployment(9)),
            paths=(REPLICAS,),
        )
        assert answer.lines[0].actor.name == ALICE
        assert answer.lines[0].confidence < 0.9
        assert any("later calls" in reason for reason in answer.lines[0].reasons)

    def test_an_object_of_the_same_name_elsewhere(self) -> None:
        elsewhere = scale(BOB, 9, 2, target={"namespace": "staging"})
        other_kind = scale(BOB, 9, 3, target={"resource": "statefulsets"})
        assert [line.actor.name for line in ask(scale(ALICE, 9, 1), elsewhere, other_kind).lines] == [ALICE]


class TestBodies:
    def test_two_actors_on_one_object_are_kept_apart_by_field(self) -> None:
        answer = ask(scale(ALICE, 9, 1), set_image(BOB, "web:2", 2))
        assert {line.path: line.actor.name for line in answer.lines} == {
            "/spec/replicas": ALICE,
            "/spec/template/spec/containers/[name=web]/image": BOB,
        }

    def test_list_items_are_found_by_key_and_not_by_position(self) -> None:
        moved = deployment(3, "web:2")
        containers = moved["spec"]["template"]["spec"]["containers"]
        containers.insert(0, {"name": "injected", "image": "mesh:1"})
        answer = ask(set_image(BOB, "web:2", 2), paths=("/spec/template/spec/containers/1/image",), live=moved)
        assert answer.lines[0].actor.name == BOB
        other = ask(set_image(BOB, "web:2", 2), paths=("/spec/template/spec/containers/0/image",), live=moved)
        assert other.lines == ()

    def test_a_json_patch_names_positions_of_the_object_it_met(self) -> None:
        patch = [{"op": "test", "path": "/spec/replicas", "value": 3},
                 {"op": "replace", "path": "/spec/template/spec/containers/1/image", "value": "proxy:2"}]  # fmt: skip
        answer = ask(event(BOB, at=1, manager="kubectl-patch", body=patch), live=deployment(3),
                     paths=("/spec/template/spec/containers/1/image", REPLICAS))  # fmt: skip
        assert [(line.path, line.actor.name) for line in answer.lines] == [
            ("/spec/template/spec/containers/1/image", BOB)
        ]

    def test_a_removed_field_is_attributed_although_nobody_owns_it(self) -> None:
        before, after = deployment(3), deployment(3, version=101, generation=2)
        del after["spec"]["template"]["spec"]["containers"][0]["env"]
        body = {"spec": {"template": {"spec": {"containers": [{"name": "web", "env": None}]}}}}
        answer = ask(
            event(ARGOCD, "update", 0, body=before, answer=before),
            event(BOB, at=1, manager="kubectl-edit", body=body, answer=after),
            paths=("/spec/template/spec/containers/0/env",), live=after,
        )  # fmt: skip
        assert answer.lines[0].actor.name == BOB
        assert any("removed field has no owner" in sentence or "carries none" in sentence for sentence in answer.unseen)

    def test_what_admission_added_is_said_to_be_unasked(self) -> None:
        after = deployment(3, "web:2", 101, 2)
        after["spec"]["template"]["spec"]["containers"].append({"name": "logs", "image": "logs:1"})
        answer = ask(
            event(ARGOCD, "update", 0, body=deployment(3), answer=deployment(3)),
            set_image(ARGOCD, "web:2", 1, answer=after),
            paths=("/spec/template/spec/containers/2",), live=after,
        )  # fmt: skip
        assert answer.lines[0].actor.name == ARGOCD
        assert any("admission added it" in reason for reason in answer.lines[0].reasons)

    def test_a_write_that_the_log_lacks_is_not_pinned_on_the_next_caller(self) -> None:
        """Generations 2 and 3 are missing: the image changed in one of them, and bob only scaled."""
        answer = ask(
            event(ARGOCD, "update", 0, body=deployment(3), answer=deployment(3, generation=1)),
            event(BOB, at=1, body={"spec": {"replicas": 5}}, answer=deployment(5, "web:9", 110, 4)),
            paths=(REPLICAS, IMAGE),
        )
        replicas, image = answer.lines
        assert (replicas.actor.name, replicas.confidence > 0.9) == (BOB, True)
        assert image.confidence < 0.5
        assert any("missing between" in sentence for sentence in answer.unseen)

    def test_an_apply_is_blamed_for_what_changed_and_not_for_what_it_repeats(self) -> None:
        template = {"spec": {"containers": [{"name": "web", "image": "web:2"}]}}
        body = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 3, "template": template}}
        answer = ask(
            event(ALICE, at=0, body={"spec": {"replicas": 3}}, answer=deployment(3)),
            event(ARGOCD, at=1, manager="argocd-controller", body=body, answer=deployment(3, "web:2", 101, 2)),
            paths=(REPLICAS, IMAGE),
        )
        assert [(line.path, line.actor.name) for line in answer.lines] == [(IMAGE, ARGOCD), (REPLICAS, ALICE)]
        assert answer.lines[0].confidence > answer.lines[1].confidence, "the best first, whatever was asked first"

    def test_creation_and_deletion_are_about_the_whole_object(self) -> None:
        made = event(ALICE, "create", 0, body=deployment(3), answer=deployment(3), code=201, manager="kubectl-create")
        gone = event(BOB, "delete", 5, body={"kind": "DeleteOptions"})
        assert [(line.path, line.actor.name, line.via) for line in ask(made).lines] == [("", ALICE, "kubectl create")]
        both = ask(made, gone, paths=("",))
        assert (both.lines[0].actor.name, both.lines[0].via) == (BOB, "kubectl delete")
        assert ask(made, gone, paths=(REPLICAS,)).lines[0].actor.name == BOB

    def test_a_collection_delete_takes_the_object_only_where_it_names_it(self) -> None:
        made = event(ALICE, "create", 0, body=deployment(3), answer=deployment(3), code=201)
        target = {"name": ""}
        took = event(BOB, "deletecollection", 5, target=target, answer={"kind": "List", "items": [deployment(3)]})
        spared = event(CAROL, "deletecollection", 6, target=target, answer={"kind": "List", "items": []})
        assert ask(made, took, spared, paths=("",)).lines[0].actor.name == BOB

    def test_a_label_from_an_older_object_of_the_same_name_does_not_count(self) -> None:
        """The object was deleted and made again: who labelled the first one changed nothing on the second."""
        labelled = event(BOB, at=1, body={"metadata": {"labels": {"team": "x"}}})
        gone = event(CAROL, "delete", 2)
        again = {**deployment(3, version=200), "metadata": {**deployment(3)["metadata"], "uid": "u-2"}}
        made = event(ALICE, "create", 3, body=again, answer=again, code=201)
        assert ask(labelled, gone, made).lines[0].actor.name == ALICE

    def test_a_change_of_a_secret_shows_no_value(self) -> None:
        secret = {"resource": "secrets", "apiGroup": "", "name": "web"}
        calls = [
            read_event(event(CAROL, at=1, target=secret, body={"stringData": {"api-key": "hunter2-plain"}})),
            read_event(event(BOB, at=2, target=secret, body=[
                {"op": "replace", "path": "/data/other", "value": "aHVudGVyMw=="}])),
        ]  # fmt: skip
        kept = [redacted(call, KEY) for call in calls]
        assert "hunter2" not in repr(kept)
        assert "aHVudGVyMw" not in repr(kept)
        answer = who(parse_resource("/Secret/prod/web"), kept, Evidence(log=Log()))
        assert {line.path: line.actor.name for line in answer.lines} == {"/data/api-key": CAROL, "/data/other": BOB}


class TestWithoutBodies:
    def test_the_only_writer_is_named_with_less_confidence(self) -> None:
        (line,) = ask(event(ALICE, at=1, manager="kubectl-edit"), paths=(REPLICAS,)).lines
        assert (line.actor.name, line.grade) == (ALICE, Grade.METADATA)
        assert line.confidence < 0.6

    def test_manager_and_time_of_the_field_pick_one_of_several(self) -> None:
        live = owned(deployment(9), ("kubectl-edit", "", 1, REPLICAS_FIELD), ("manager", "", 300, {"f:spec": {}}))
        answer = ask(
            event(ALICE, at=1.4, manager="kubectl-edit"), event(BOB, at=240, manager="kubectl-label"),
            paths=(REPLICAS,), live=live,
        )  # fmt: skip
        assert answer.lines[0].actor.name == ALICE
        assert 0.6 < answer.lines[0].confidence < 0.9

    def test_two_writers_that_fit_equally_well_are_nobody(self) -> None:
        answer = ask(event(ALICE, at=1), event(BOB, at=2), paths=(REPLICAS,))
        assert answer.lines[0].actor.name == ""
        assert {"alice@example.com-patch-1", "bob@example.com-patch-2"} == set(answer.lines[0].event_ids)

    def test_the_deployment_controller_is_no_rival(self) -> None:
        answer = ask(
            event(ALICE, at=1), event(DEPLOYMENTS, "update", 2, agent="kube-controller-manager/v1"), paths=(REPLICAS,)
        )
        assert answer.lines[0].actor.name == ALICE

    def test_a_person_who_wrote_after_the_creation_is_likelier_than_the_creator(self) -> None:
        made = event(ARGOCD, "create", 0, code=201)
        again = event(ARGOCD, "patch", 1, manager="argocd-controller")
        (line,) = ask(made, again, event(ALICE, at=9, manager="kubectl-edit"), paths=(REPLICAS,)).lines
        assert (line.actor.name, line.grade) == (ALICE, Grade.METADATA)
        assert any("drift is what it did not write" in reason for reason in line.reasons)

    def test_a_scale_needs_no_body_to_say_what_it_wrote(self) -> None:
        call = event(BOB, at=1, sub="scale")
        (line,) = ask(call, event(ALICE, at=0, manager="kubectl-edit"), paths=(REPLICAS,)).lines
        assert (line.actor.name, line.grade, line.confidence > 0.8) == (BOB, Grade.METADATA, True)

    def test_truncated_bodies_are_told(self) -> None:
        cut = {"annotations": {"audit.k8s.io/truncated": "true"}}
        answer = ask(event(ALICE, at=1, extra=cut), paths=(REPLICAS,))
        assert any("size limit" in sentence for sentence in answer.unseen)

    def test_skipped_bodies_of_azure_are_no_bodies(self) -> None:
        skipped = {"requestObject": "skipped-too-big-size-object", "responseObject": "skipped-too-big-size-object"}
        answer = ask(event(ALICE, at=1, extra=skipped), paths=(REPLICAS,))
        assert answer.lines[0].confidence < 0.6

    def test_the_level_is_named_where_it_hides_the_fields(self) -> None:
        assert any("level Metadata" in sentence for sentence in ask(event(ALICE, at=1)).unseen)


class TestOwnership:
    def test_without_a_log_the_path_is_known_and_nobody_is_named(self) -> None:
        live = owned(deployment(9), ("kubectl", "scale", 60, REPLICAS_FIELD))
        answer = who(WEB, (), Evidence(live), paths=(REPLICAS,))
        (line,) = answer.lines
        assert (line.actor.name, line.actor.kind, line.via) == ("", ActorKind.UNKNOWN, "kubectl scale")
        assert line.grade is Grade.OWNERSHIP
        assert answer.unseen[0].startswith("Kubernetes audit log: none given")

    def test_clock_skew_is_measured_and_said(self) -> None:
        live = owned(deployment(9), ("kubectl-edit", "", 71, REPLICAS_FIELD))
        answer = ask(
            event(ALICE, at=1, manager="kubectl-edit", body={"spec": {"replicas": 9}}), paths=(REPLICAS,), live=live
        )
        assert any("70 s apart, as measured" in reason for reason in answer.lines[0].reasons)

    def test_a_value_that_nobody_in_the_log_wrote_is_doubted(self) -> None:
        answer = ask(scale(ALICE, 5, 1), paths=(REPLICAS,), live=deployment(9))
        assert answer.lines[0].confidence < 0.7
        assert any("another value now" in reason for reason in answer.lines[0].reasons)

    def test_a_write_after_the_end_of_the_log_may_still_arrive(self) -> None:
        live = owned(deployment(9), ("kubectl-edit", "", 7200, REPLICAS_FIELD))
        assert any("may still arrive" in sentence for sentence in ask(scale(ALICE, 5, 1), live=live).unseen)


class TestFollowing:
    def test_an_engine_that_puts_a_field_back_is_named_after_the_one_it_undid(self) -> None:
        answer = ask(
            event(ARGOCD, "update", 0, body=deployment(3), answer=deployment(3)),
            scale(BOB, 9, 1),
            event(ARGOCD, at=2, manager="argocd-controller", body={"spec": {"replicas": 3}},
                  answer=deployment(3, version=105, generation=3)),
            paths=(REPLICAS,),
        )  # fmt: skip
        assert [line.actor.name for line in answer.lines] == [BOB, ARGOCD]

    def test_an_engine_that_brings_something_new_is_named_itself(self) -> None:
        answer = ask(
            event(ARGOCD, "update", 0, body=deployment(3), answer=deployment(3)),
            scale(BOB, 9, 1),
            event(ARGOCD, at=2, body={"spec": {"replicas": 6}}, answer=deployment(6, version=105, generation=3)),
            paths=(REPLICAS,),
        )
        assert [line.actor.name for line in answer.lines] == [ARGOCD]

    def test_what_admission_brings_back_is_not_undone_by_the_engine(self) -> None:
        def after(sidecar: bool, image: str, version: int, generation: int) -> dict[str, Any]:
            found = deployment(3, image, version, generation)
            if sidecar:
                found["spec"]["template"]["spec"]["containers"].append({"name": "logs", "image": "logs:1"})
            return found

        removed = {"spec": {"template": {"spec": {"containers": [{"name": "logs", "$patch": "delete"}]}}}}
        answer = ask(
            event(ARGOCD, "update", 0, body=after(True, "web:1", 100, 1), answer=after(True, "web:1", 100, 1)),
            event(ALICE, at=1, body=removed, answer=after(False, "web:1", 101, 2)),
            set_image(ARGOCD, "web:2", 2, answer=after(True, "web:2", 102, 3)),
            paths=("/spec/template/spec/containers/2",),
        )
        assert [line.actor.name for line in answer.lines] == [ARGOCD]

    def test_a_sync_is_followed_to_the_one_who_started_it(self) -> None:
        app = {
            "metadata": {"name": "shop", "namespace": "argocd"},
            "status": {
                "operationState": {
                    "operation": {"initiatedBy": {"username": "dora@example.com"}},
                    "startedAt": stamp(0),
                    "finishedAt": stamp(4),
                    "syncResult": {"revision": "abc"},
                }
            },
        }
        target = {"resource": "applications", "apiGroup": "argoproj.io", "namespace": "argocd", "name": "shop"}
        live = deployment(6)
        live["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:prod/web"}
        write = event(ARGOCD, at=2, manager="argocd-controller", body={"spec": {"replicas": 6}})
        answer = ask(write, paths=(REPLICAS,), live=live,
                     more=(event(ARGOCD, at=5, target=target, body=app, answer=app, id="op"),))  # fmt: skip
        (line,) = answer.lines
        assert (line.actor.name, line.actor.through, line.via) == ("dora@example.com", ARGOCD, "Argo CD sync")
        assert "op" in line.event_ids
        late = event(ARGOCD, at=60, manager="argocd-controller", body={"spec": {"replicas": 7}})
        assert (
            ask(late, more=(event(ARGOCD, at=5, target=target, answer=app),), live=live).lines[0].actor.name == ARGOCD
        )

    def test_a_portal_passes_a_persons_wish_on(self) -> None:
        portal = "system:serviceaccount:portal:console"
        (line,) = ask(scale(portal, 9, 1, extra={"impersonatedUser": {"username": BOB}})).lines
        assert (line.actor.name, line.actor.kind, line.actor.through) == (BOB, ActorKind.PERSON, portal)

    def test_a_person_who_acts_as_somebody_else_is_still_the_one(self) -> None:
        (line,) = ask(scale(ALICE, 9, 1, extra={"impersonatedUser": {"username": "system:admin"}})).lines
        assert (line.actor.name, line.actor.through) == (ALICE, "system:admin")

    def test_a_session_of_the_cloud_stands_behind_a_mapped_user(self) -> None:
        arn = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0a/erin@example.com"
        extra = {"user": {"username": "cluster-admin", "groups": ["system:masters"], "extra": {"arn": [arn]}}}
        (line,) = ask(scale("x", 9, 1, extra=extra)).lines
        assert (line.actor.short, line.actor.arn, line.actor.kind) == ("erin@example.com", arn, ActorKind.PERSON)

    def test_who_deleted_the_namespace_deleted_what_was_in_it(self) -> None:
        controller = "system:serviceaccount:kube-system:namespace-controller"
        target = {"resource": "namespaces", "apiGroup": "", "namespace": "prod", "name": "prod"}
        swept = event(controller, "deletecollection", 9, target={"name": ""})
        answer = ask(swept, paths=("",), more=(event(CAROL, "delete", 5, target=target, id="ns"),))
        assert (answer.lines[0].actor.name, answer.lines[0].actor.kind) == (CAROL, ActorKind.BREAK_GLASS)


class TestLogs:
    def test_calls_count_in_the_order_in_which_they_took_effect(self) -> None:
        """Carol's call came first and was stored last: the field holds what she set."""
        answer = ask(
            event(ARGOCD, "update", 0, body=deployment(3), answer=deployment(3, version=100)),
            event(CAROL, at=1.0, body={"spec": {"replicas": 7}}, answer=deployment(7, version=102, generation=3)),
            event(BOB, at=1.1, body={"spec": {"replicas": 5}}, answer=deployment(5, version=101, generation=2)),
            paths=(REPLICAS,),
        )
        assert answer.lines[0].actor.name == CAROL

    def test_a_status_that_was_stored_before_the_change_but_received_after_it_confuses_nobody(self) -> None:
        reloader = "system:serviceaccount:ops:config-reloader"
        noted = deployment(9, version=103, generation=2)
        noted["metadata"]["annotations"] = {"seen": "yes"}
        answer = ask(
            event(ARGOCD, "update", 0, body=deployment(3), answer=deployment(3, version=100)),
            event(BOB, at=1.0, body={"spec": {"replicas": 9}}, answer=deployment(9, version=102, generation=2)),
            event(DEPLOYMENTS, "update", 1.1, sub="status", body=deployment(3), answer=deployment(3, version=101)),
            event(reloader, "update", 2, agent="config-reloader/1", body=noted, answer=noted),
            paths=(REPLICAS,),
        )
        assert [line.actor.name for line in answer.lines] == [BOB]
        assert answer.lines[0].confidence > 0.9

    def test_duplicates_and_disorder_change_nothing(self) -> None:
        first, second = scale(ALICE, 5, 1), scale(BOB, 9, 2)
        answer = ask(second, first, second, first, paths=(REPLICAS,))
        assert [line.actor.name for line in answer.lines] == [BOB]

    def test_one_call_in_several_stages_is_one_call(self) -> None:
        call = scale(ALICE, 5, 1)
        received = {key: value for key, value in call.items() if key != "responseStatus"} | {"stage": "RequestReceived"}
        answer = ask(received, call)
        assert len(answer.lines) == 1
        assert not any("still running" in sentence for sentence in answer.unseen)
        assert any("still running" in sentence for sentence in ask(received).unseen)

    def test_since_leaves_out_and_says_so(self) -> None:
        answer = ask(scale(ALICE, 5, 1), scale(BOB, 9, 100), since=50)
        assert [line.actor.name for line in answer.lines] == [BOB]
        assert any("--since" in sentence for sentence in answer.unseen)

    def test_an_empty_log_names_nobody_and_says_what_it_covered(self) -> None:
        answer = ask()
        assert answer.lines == ()
        assert any("holds no write" in sentence for sentence in answer.unseen)

    def test_hostile_names_cannot_reach_the_terminal(self) -> None:
        (line,) = ask(scale("eve\x1b[2J\u202e@example.com\n", 9, 1, agent="\x1b]0;x\x07kubectl/1")).lines
        assert not set("\x1b\u202e\n\x07") & set(line.actor.name + line.via + "".join(line.reasons))
