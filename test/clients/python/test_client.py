"""What a client in another language relies on. REPOFORMER_ADDRESS names a running daemon."""

import os
import pathlib
import sys
import time
import unittest

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).parent / ".venv" / "gen"))

from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from repoformer.v1 import (  # noqa: E402
    completion_pb2 as completion,
    completion_pb2_grpc,
    model_pb2,
    model_pb2_grpc,
    repository_pb2,
    repository_pb2_grpc,
)

PREFIX = "".join(f"value_{n} = function_{n}(argument_{n})\n" for n in range(120))
CHUNK = 128


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.channel = grpc.insecure_channel(os.environ["REPOFORMER_ADDRESS"])
        self.completions = completion_pb2_grpc.CompletionServiceStub(self.channel)
        self.models = model_pb2_grpc.ModelServiceStub(self.channel)

    def tearDown(self):
        self.channel.close()

    def counters(self):
        models = self.models.ListModels(model_pb2.ListModelsRequest(), timeout=30).models
        return next(model.counters for model in models if "generator" in model.roles)

    def counters_at_rest(self):
        """The counters once the engine has stopped counting; at most a few seconds."""
        before = self.counters()
        for _ in range(100):
            time.sleep(0.05)
            now = self.counters()
            if now == before:
                return now
            before = now
        self.fail("the engine does not come to rest")

    def test_streams_a_completion(self):
        request = completion.CompleteRequest(path="a.py", prefix="x = ", suffix="\n", max_tokens=16)
        responses = list(self.completions.Complete(request, timeout=120))
        kinds = [response.WhichOneof("event") for response in responses]
        self.assertEqual(kinds[:2], ["decision", "context"])
        self.assertEqual(kinds[-1], "finished")
        self.assertTrue(all(kind == "text" for kind in kinds[2:-1]))
        text = "".join(response.text.text for response in responses[2:-1])
        self.assertEqual(text, responses[-1].finished.text)
        self.assertEqual(len({response.completion_id for response in responses}), 1)

    def test_cancelling_while_it_generates_stops_the_engine(self):
        request = completion.CompleteRequest(
            path="b.py", prefix=PREFIX, suffix="\n", max_tokens=1024, mode=completion.RETRIEVAL_MODE_NEVER
        )
        call = self.completions.Complete(request, timeout=120)
        generated = self.counters().generated_tokens
        for response in call:
            if response.WhichOneof("event") == "text":
                break
        call.cancel()
        self.assertLess(self.counters_at_rest().generated_tokens - generated, 200)

    def test_cancelling_while_it_evaluates_stops_the_engine_within_a_chunk(self):
        before = self.counters_at_rest()
        prefix = "other = 1\n" + PREFIX * 3
        request = completion.CompleteRequest(
            path="c.py", prefix=prefix, suffix=prefix, max_tokens=64, mode=completion.RETRIEVAL_MODE_NEVER
        )
        call = self.completions.Complete(request, timeout=120)
        while self.counters().evaluated_tokens == before.evaluated_tokens:
            time.sleep(0.002)
        seen = self.counters().evaluated_tokens
        call.cancel()
        after = self.counters_at_rest()
        # The chunk under way when the cancel arrives may end, and one may have begun meanwhile.
        self.assertLessEqual(after.evaluated_tokens - seen, 2 * CHUNK)

    def test_errors_carry_their_reason(self):
        repositories = repository_pb2_grpc.RepositoryServiceStub(self.channel)
        with self.assertRaises(grpc.RpcError) as caught:
            repositories.AddRepository(repository_pb2.AddRepositoryRequest(root="/nowhere"), timeout=30)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        details = dict(caught.exception.trailing_metadata())["grpc-status-details-bin"]
        info = error_details_pb2.ErrorInfo()
        status_pb2.Status.FromString(details).details[0].Unpack(info)
        self.assertEqual((info.domain, info.reason), ("repoformer", "NOT_A_REPOSITORY"))


if __name__ == "__main__":
    unittest.main()
