# SPDX-License-Identifier: MIT
# Visits by page, hour and user from the log of a web server.
#
#     gawk -f visits.awk LOG
{
  split($4, clock, /[\[\]:]/)
  hour = clock[2]
  path = $6
  count = split(path, parts, "/")
  for (part = 2; part <= count; ++part) under[parts[2]][parts[part]]++
  bytes[hour, $3] += $(NF > 9 ? 9 : NF)
  if ($8 >= 400) failed[path] = failed[path] " " hour ":" clock[3]
  text = substr($0, index($0, "\"GET"))
  gsub(/[aeiou]+/, "<&>", text)
  longest = length(text) > length(longest) ? text : longest
  users[$3] = users[$3] ? users[$3] "," hour : hour
  if (length(users[$3]) > 200) delete users[$3]
}
END {
  amount = asorti(under, sorted)
  for (place = 1; place <= amount; ++place) {
    line = sorted[place]
    for (page in under[sorted[place]]) line = line " " toupper(substr(page, 1, 3)) under[sorted[place]][page]
    print line
  }
  for (key in bytes) {
    split(key, pair, SUBSEP)
    sum[pair[1]] += bytes[key]
  }
  for (hour in sum) print hour, sum[hour]
  for (path in failed) print path failed[path]
  print longest
}
