"""Arguments that the screen and the commands on live systems share."""

from __future__ import annotations

import argparse


def add_session_arguments(parser: argparse.ArgumentParser, *, screen: bool = False, audit: bool = True) -> None:
    """`audit` False: the command has an `--audit` of its own."""
    kubernetes = parser.add_argument_group("Kubernetes")
    kubernetes.add_argument("--kubeconfig", metavar="FILE", help="instead of $KUBECONFIG or ~/.kube/config")
    kubernetes.add_argument(
        "--context",
        action="append",
        default=[],
        metavar="NAME",
        help="only this context; may be repeated (default: all of the kubeconfig)",
    )
    kubernetes.add_argument("--no-kubernetes", action="store_true", help="read no cluster directly")
    argocd = parser.add_argument_group("Argo CD")
    argocd.add_argument("--argocd-server", metavar="URL", help="instead of $ARGOCD_SERVER or the argocd CLI's context")
    argocd.add_argument(
        "--argocd-token-file", metavar="FILE", help="instead of $ARGOCD_AUTH_TOKEN; read again when it changes"
    )
    argocd.add_argument("--argocd-ca-file", metavar="FILE", help="certificate authority of the server")
    argocd.add_argument("--argocd-insecure", action="store_true", help="do not verify the server's certificate")
    argocd.add_argument("--argocd-context", metavar="NAME", help="context of the argocd CLI's own configuration")
    argocd.add_argument(
        "--argocd-crd", action="store_true", help="read Application objects through Kubernetes, without a token"
    )
    argocd.add_argument(
        "--argocd-cluster", metavar="CONTEXT", help="kubeconfig context of the cluster that Argo CD itself runs in"
    )
    aws = parser.add_argument_group("AWS")
    aws.add_argument("--aws-profile", metavar="NAME", help="account of the settings file, or profile of ~/.aws/config")
    aws.add_argument("--aws-region", metavar="REGION", help="instead of the profile's region")
    parser.add_argument_group("OpenTofu and Terraform").add_argument(
        "--stack",
        action="append",
        default=[],
        metavar="DIR|FILE",
        help="plan this folder, or read this plan or state (also http(s)://, s3://), or name one of [[stack]]; "
        "may be repeated (default: all of the settings file)",
    )
    if audit:
        parser.add_argument_group("audit logs").add_argument(
            "--audit",
            action="append",
            default=[],
            metavar="PATH",
            help="Kubernetes audit log on this machine: a file, or a folder with rotated ones; may be repeated",
        )
    general = parser.add_argument_group("general")
    general.add_argument(
        "--config", metavar="FILE", help="settings file (default: drifttui/config.toml in $XDG_CONFIG_HOME)"
    )
    general.add_argument("--policy", metavar="DIR", help="policy folder (default: drifttui/policy in $XDG_CONFIG_HOME)")
    general.add_argument(
        "--read-only",
        nargs="?",
        const="yes",
        default=None,
        choices=("yes", "strict"),
        help="refuse every write; `strict` also does without reads that have side effects",
    )
    general.add_argument(
        "--filter", default="", metavar="TERMS", help="as typed after `/`: 'sync:out env:prod risk:>=high'"
    )
    general.add_argument(
        "--incident",
        default="",
        metavar="REF",
        help="incident or change, by id or address, that everything done is linked to (default: $DRIFTTUI_INCIDENT)",
    )
    add_ledger_argument(general)
    if screen:
        general.add_argument("--theme", default="", metavar="NAME", help="drift-dark, drift-light, drift-safe, …")
        general.add_argument("--no-record", action="store_true", help="keep nothing of this session for `export`")
        general.add_argument(
            "--no-cache", action="store_true", help="neither show nor keep the rows of the last session"
        )


def add_ledger_argument(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--ledger",
        default="",
        metavar="FILE|URL",
        help="instead of $DRIFTTUI_LEDGER or ledger.db in the data folder; a postgresql:// URL is shared by a team",
    )


def add_json_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else there")


def add_acting_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--skip", action="append", type=int, default=[], metavar="N", help="leave out this optional step"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask; production also needs --name")
    parser.add_argument(
        "--name", action="append", default=[], metavar="UNIT", help="with --yes: the name of a production unit, exactly"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan, write nothing")
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="for the list of units (default: 60)"
    )
