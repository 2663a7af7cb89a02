"""What a team would write in an afternoon: FastAPI and an in-memory epsilon-greedy bandit. A peer, never ours.

With PEER_LOG set each choice is a line of JSON in that file, flushed, so that it survives a killed process.
"""

import json
import os
import random
import socket
import sys
import uuid

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

CHANNELS, CONTENTS, SLOTS = ("email", "sms", "push", "app", "web"), range(24), range(6)
ARMS = [(channel, content, slot) for channel in CHANNELS for content in CONTENTS for slot in SLOTS]
log = open(os.environ["PEER_LOG"], "a") if "PEER_LOG" in os.environ else None  # noqa: SIM115  open while it serves
means, counts, taken = np.zeros(len(ARMS)), np.zeros(len(ARMS)), dict[str, int]()
app = FastAPI()


class Question(BaseModel):
    """Whom to decide for, and what is known of her: nobody knows it here, so all 30 features come along."""

    customer_id: str
    numbers: dict[str, float] = {}
    categories: dict[str, str] = {}


@app.post("/decide")
async def decide(question: Question) -> dict[str, object]:
    """Choose the best arm so far, or one in twenty times any."""
    arm = random.randrange(len(ARMS)) if random.random() < 0.05 else int(means.argmax())
    decision_id = uuid.uuid4().hex
    taken[decision_id] = arm
    channel, content, slot = ARMS[arm]
    answer = {"decision_id": decision_id, "channel": channel, "content": content, "slot": slot}
    if log:
        log.write(json.dumps(answer | question.model_dump()) + "\n")
        log.flush()
    return answer


@app.post("/reward")
async def reward(decision_id: str, value: float) -> None:
    """Move the arm's mean towards what came of a decision."""
    arm = taken.pop(decision_id)
    counts[arm] += 1
    means[arm] += (value - means[arm]) / counts[arm]


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    sys.stdout.write(f"serving on 127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listening])
