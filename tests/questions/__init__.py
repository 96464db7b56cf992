"""One more LAN of real daemons, for the questions that devices are asked, each topic's machines in files of their own.

To add machines to a topic: ``machines/<topic>.py`` (see :mod:`tests.questions.machines`) and ``truth/<topic>.yaml``
(see :class:`tests.questions.truth.QuestionDevice`). Both are found by their names; whatever a truth does not say is a
false claim. ``IOTSCAN_TOPICS=web,brokers pytest -n 0 tests/questions`` starts the machines of these topics alone.
"""
