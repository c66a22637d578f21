"""Streams a completion from repoformerd: client.py ADDRESS FILE LINE."""

import pathlib
import sys

import grpc

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / ".venv" / "gen"))

from repoformer.v1 import completion_pb2, completion_pb2_grpc  # noqa: E402


def main(address: str, file: str, line: int) -> None:
    path = pathlib.Path(file).resolve()
    lines = path.read_text().splitlines(keepends=True)
    with grpc.insecure_channel(address) as channel:
        service = completion_pb2_grpc.CompletionServiceStub(channel)
        request = completion_pb2.CompleteRequest(
            repository=str(path.parent),
            path=path.name,
            prefix="".join(lines[: line - 1]),
            suffix="\n" + "".join(lines[line:]),
        )
        for response in service.Complete(request, timeout=60):
            event = response.WhichOneof("event")
            if event == "decision":
                print(f"# {response.decision.reason}", file=sys.stderr)
            elif event == "text":
                print(response.text.text, end="", flush=True)
            elif event == "finished":
                print(f"\n# {response.finished.timings.total_ms:.0f} ms", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
