"""A WebSub hub and a subscriber that we did not write (Flask-WebSub), as programs of their own.

``python websub.py hub PORT FOLDER`` is the hub at ``/hub``. ``python websub.py subscriber PORT FOLDER TOPIC`` finds the
hub of a topic by itself, subscribes, and writes what the hub sends it to ``FOLDER/1``, ``FOLDER/2`` …; ``FOLDER/ready``
is there once the hub has confirmed the subscription.
"""

from __future__ import annotations

import sys
import threading
from itertools import count
from pathlib import Path

from celery import Celery
from flask import Flask
from flask_websub.hub import Hub, SQLite3HubStorage
from flask_websub.subscriber import (
    SQLite3SubscriberStorage,
    SQLite3TempSubscriberStorage,
    Subscriber,
    discover,
)
from werkzeug.serving import make_server


def hub(folder: Path) -> Flask:
    """Return the hub's application; its tasks run at once, in the request that asks for them."""
    app = Flask(__name__)
    app.config["PUBLISH_SUPPORTED"] = True
    tasks = Celery("hub", broker="memory://")
    tasks.conf.task_always_eager = True
    tasks.conf.task_eager_propagates = True
    app.register_blueprint(Hub(SQLite3HubStorage(str(folder / "hub.db")), tasks).build_blueprint(url_prefix="/hub"))
    return app


def subscriber(folder: Path) -> tuple[Flask, Subscriber]:
    """Return the subscriber's application, and what subscribes with it."""
    app = Flask(__name__)
    database = str(folder / "subscriber.db")
    found = Subscriber(SQLite3SubscriberStorage(database), SQLite3TempSubscriberStorage(database))
    app.register_blueprint(found.build_blueprint(url_prefix="/callbacks"))
    numbers = count(1)

    def write(name: str, body: bytes) -> None:
        fresh = folder / f".{name}"
        fresh.write_bytes(body)
        fresh.rename(folder / name)

    found.add_listener(lambda _topic, _callback, body: write(str(next(numbers)), body))
    found.add_success_handler(lambda topic, _callback, _mode: write("ready", topic.encode()))
    return app, found


def main() -> None:
    """Be what the arguments say, until the process is ended."""
    role, port, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    if role == "hub":
        make_server("127.0.0.1", port, hub(folder), threaded=True).serve_forever()
        return
    app, found = subscriber(folder)
    server = make_server("127.0.0.1", port, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    with app.test_request_context(base_url=f"http://127.0.0.1:{port}"):
        found.subscribe(**discover(sys.argv[4], timeout=5))
    serving.join()


if __name__ == "__main__":
    main()
