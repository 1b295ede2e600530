# Perl's LWP: `Content_Type => 'form-data'` for multipart, nothing for urlencoded.
use strict;
use warnings;
use HTTP::Request::Common qw(POST);
use LWP::UserAgent;

my ($url, $key, $form, @rest) = @ARGV;
my @fields;
while (my ($kind, $name, $value) = splice(@rest, 0, 3)) {
    push @fields, $name => $kind eq 'file' ? [$value] : $value;
}
my @type = $form eq 'urlencoded' ? () : (Content_Type => 'form-data');
my $answer = LWP::UserAgent->new->request(
    POST($url, Authorization => "Bearer $key", @type, Content => \@fields));
die $answer->status_line unless $answer->is_success;
