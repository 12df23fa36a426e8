# SPDX-License-Identifier: MIT
# Reads the log of a web server, keeps sessions as objects, and prints tables.
#
#     perl ledger.pl LOG
use strict;
use warnings;

package Session;

sub new {
  my ($class, $who) = @_;
  return bless {who => $who, pages => [], bytes => 0, seen => {}}, $class;
}

sub add {
  my ($self, $page, $bytes, $agent) = @_;
  push @{$self->{pages}}, {page => $page, bytes => $bytes};
  $self->{bytes} += $bytes;
  $self->{seen}{$_}++ for map { lc } split /\W+/, $agent;
  return scalar @{$self->{pages}};
}

package main;

my (%sessions, %errors, @closed);
open my $log, '<', $ARGV[0] or die "cannot open $ARGV[0]\n";
while (my $line = <$log>) {
  next unless $line =~ m{^(\S+) - (\w+) \[([\d:]+)\] "GET (\S+) [^"]*" (\d+) (\d+) "([^"]*)"$};
  my ($address, $user, $clock, $page, $status, $bytes, $agent) = ($1, $2, $3, $4, $5, $6, $7);
  my $session = $sessions{$user} //= Session->new($user);
  my $length = $session->add($page, $bytes, $agent);
  push @{$errors{$status}{$page}}, "$clock $address" if $status >= 400;
  if ($length >= 25) {
    push @closed, delete $sessions{$user};
    shift @closed if @closed > 60;
  }
}
for my $status (sort keys %errors) {
  my $pages = $errors{$status};
  my @worst = sort { @{$pages->{$b}} <=> @{$pages->{$a}} || $a cmp $b } keys %$pages;
  printf "%s %-30s %s\n", $status, $_, join ',', @{$pages->{$_}} for @worst[0 .. 9];
}
for my $session (sort { $b->{bytes} <=> $a->{bytes} || $a->{who} cmp $b->{who} } values %sessions, @closed) {
  my %copy = %{$session->{seen}};
  my $text = join ' ', map { "$_=$copy{$_}" } sort keys %copy;
  (my $short = $text) =~ s/(\w{3})\w*/$1/g;
  print "$session->{who} $session->{bytes} ", substr($short, 0, 60), "\n";
}
