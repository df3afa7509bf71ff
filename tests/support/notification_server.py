"""A real notification server of our own for tests, on any bus.

    python tests/support/notification_server.py --bus ADDRESS --log FILE [--hang] [--markup] [--no-actions] [--take]

Writes each event as a JSON line to FILE: ready, notify, close, gone. Takes commands as lines on stdin:
    close ID REASON     the pop-up goes (1 expired, 2 dismissed by the person, 3 by a call)
    invoke ID ACTION    the person chose an action (`default` is a click on the pop-up)
    press ID ACTION     the same, if it is offered; then the pop-up goes, unless it came with the hint `resident`
    hang | answer       stop answering calls; answer again, also those that waited
    refuse | babble | accept    answer every Notify with an error; with nonsense; take them again
--take: the name is taken from whoever has it, who lives on without it.
End of file on stdin means nothing: it runs until it is killed. Imports nothing of the tests or the product.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from dbus_fast import Message, MessageType, NameFlag, RequestNameReply, Variant
from dbus_fast.aio import MessageBus

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
BY_PERSON = 2
BY_CALL = 3


@dataclass(frozen=True)
class Offer:
    """What the person can do with a pop-up. `resident`: it outlives that."""

    actions: list[str]
    resident: bool


class Server:
    """The pop-ups that are up, and who wants to know."""

    def __init__(self, bus: MessageBus, log: Path, capabilities: list[str], *, hangs: bool) -> None:
        self._bus = bus
        self._log = log
        self._capabilities = capabilities
        self._hangs = hangs
        self._mood = "accept"
        self._waiting: list[Message] = []
        self._up: dict[int, Offer] = {}
        self._last = 0

    def say(self, event: str, **what: object) -> None:
        """Write one line to the log."""
        line = json.dumps({"event": event, "time": time.time(), **what}, ensure_ascii=False)
        with self._log.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def heard(self, call: Message) -> bool:
        """A message from the bus; whether it was for us."""
        if call.message_type is not MessageType.METHOD_CALL or call.interface != NAME:
            return False
        if self._hangs:
            self._waiting.append(call)
        else:
            self._answer(call)
        return True

    def _answer(self, call: Message) -> None:
        match call.member:
            case "GetCapabilities":
                reply = Message.new_method_return(call, "as", [self._capabilities])
            case "GetServerInformation":
                reply = Message.new_method_return(call, "ssss", ["recorder", "escalate", "1", "1.2"])
            case "Notify" if self._mood == "babble":
                reply = Message.new_method_return(call, "s", ["yes"])
            case "Notify" if self._mood == "refuse":
                reply = Message.new_error(call, f"{NAME}.Error.ExcessNotificationGeneration", "too many, too soon")
                self.say("refused")
            case "Notify":
                reply = Message.new_method_return(call, "u", [self._notify(call.body)])
            case "CloseNotification":
                self.say("close", id=call.body[0], was_up=call.body[0] in self._up)
                reply = Message.new_method_return(call)
            case _:
                reply = Message.new_error(call, "org.freedesktop.DBus.Error.UnknownMethod", "no such method")
        self._bus.send(reply)
        if call.member == "CloseNotification":
            self._closed(call.body[0], BY_CALL)

    def _notify(self, body: list[object]) -> int:
        app_name, replaces, icon, title, text, actions, hints, expire = body
        assert isinstance(replaces, int)
        assert isinstance(hints, dict)
        assert isinstance(actions, list)
        if not replaces:
            self._last += 1
        number = replaces or self._last
        self._last = max(self._last, number)
        plain = {key: hint.value for key, hint in hints.items() if isinstance(hint, Variant)}
        self._up[number] = Offer(actions[::2], bool(plain.get("resident")))
        self.say(
            "notify",
            id=number,
            replaces_id=replaces,
            app_name=app_name,
            app_icon=icon,
            title=title,
            body=text,
            actions=actions,
            hints=plain,
            expire=expire,
        )
        return number

    def _closed(self, number: int, reason: int) -> None:
        if number in self._up:
            del self._up[number]
            self._bus.send(Message.new_signal(PATH, NAME, "NotificationClosed", "uu", [number, reason]))

    def _invoked(self, number: int, action: str) -> None:
        self._bus.send(Message.new_signal(PATH, NAME, "ActionInvoked", "us", [number, action]))

    def _pressed(self, number: int, action: str) -> None:
        offer = self._up.get(number)
        if offer is None or action not in offer.actions:
            raise SystemExit(f"pop-up {number} offers no {action!r}: {offer}")
        self._invoked(number, action)
        if not offer.resident:
            self.say("gone", id=number)
            self._closed(number, BY_PERSON)

    def command(self, line: str) -> None:
        """A line from stdin."""
        match line.split():
            case ["close", number, reason]:
                self._closed(int(number), int(reason))
            case ["invoke", number, action]:
                self._invoked(int(number), action)
            case ["press", number, action]:
                self._pressed(int(number), action)
            case ["hang"]:
                self._hangs = True
            case ["answer"]:
                self._hangs = False
                for call in self._waiting:
                    self._answer(call)
                self._waiting.clear()
            case ["refuse" | "babble" | "accept" as mood]:
                self._mood = mood
            case words:
                raise SystemExit(f"what is {words}?")
        self.say("did", command=line.strip())


async def read_commands(server: Server) -> None:
    """Do what stdin says; then wait for ever."""
    os.set_blocking(0, False)
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        loop.add_reader(0, ready.set)
    except PermissionError:  # stdin is a file or /dev/null: no commands will come
        await asyncio.Event().wait()
    held = b""
    while True:
        await ready.wait()
        ready.clear()
        try:
            read = os.read(0, 4096)
        except BlockingIOError:
            continue
        if not read:
            loop.remove_reader(0)
            await asyncio.Event().wait()
        *lines, held = (held + read).split(b"\n")
        for line in lines:
            server.command(line.decode())


async def serve(bus_address: str, log: Path, capabilities: list[str], *, hangs: bool, takes: bool) -> None:
    """Own the name and serve until killed, or until the bus goes."""
    bus = await MessageBus(bus_address=bus_address).connect()
    server = Server(bus, log, capabilities, hangs=hangs)
    bus.add_message_handler(server.heard)
    flags = NameFlag.ALLOW_REPLACEMENT | (NameFlag.REPLACE_EXISTING if takes else NameFlag.DO_NOT_QUEUE)
    if await bus.request_name(NAME, flags) is not RequestNameReply.PRIMARY_OWNER:
        raise SystemExit(f"somebody owns {NAME} already")
    server.say("ready", owner=bus.unique_name)
    commands = asyncio.ensure_future(read_commands(server))
    until_gone: Callable[[], Awaitable[None]] = bus.wait_for_disconnect
    gone = asyncio.ensure_future(until_gone())
    await asyncio.wait({commands, gone}, return_when=asyncio.FIRST_COMPLETED)


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description="a notification server that writes down what it is told")
    parser.add_argument("--bus", required=True, help="the bus's address")
    parser.add_argument("--log", required=True, type=Path, help="where events go, as JSON lines")
    parser.add_argument("--hang", action="store_true", help="answer nothing until told")
    parser.add_argument("--markup", action="store_true", help="say that bodies are markup")
    parser.add_argument("--no-actions", action="store_true", help="say that there are no actions")
    parser.add_argument("--take", action="store_true", help="take the name from whoever has it")
    told = parser.parse_args()
    capabilities = ["body", "persistence"]
    if told.markup:
        capabilities.append("body-markup")
    if not told.no_actions:
        capabilities.append("actions")
    asyncio.run(serve(told.bus, told.log, capabilities, hangs=told.hang, takes=told.take))


if __name__ == "__main__":
    main()
