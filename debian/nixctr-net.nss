# SPDX-License-Identifier: GPL-2.0-or-later
# Behind /etc/hosts, before the DNS.
hosts after=files nixctr
